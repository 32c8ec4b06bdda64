internal import Archive

/// What this version does with a data folder, by the formats in it.
package struct UpgradeReport: Sendable, Equatable, Codable {
    package var version: String
    package var folder: Format
    package var archive: Format
    package var index: Format
    /// Whether a newer version wrote a part, so that this one changes nothing in the folder.
    package var isRefused: Bool
    /// Whether the next start writes a part anew, after which older versions may refuse the folder.
    package var isUpgrade: Bool

    private enum CodingKeys: String, CodingKey {
        case version, folder, archive, index
        case isRefused = "refused"
        case isUpgrade = "upgrade"
    }

    /// The format of one part.
    package struct Format: Sendable, Equatable, Codable {
        /// What is there; `nil` if nothing is.
        package var found: Int?
        /// What this version writes. It reads everything up to that.
        package var written: Int

        init(_ format: FormatCheck.Format) { (found, written) = (format.found, format.written) }
    }

    /// Looks into a data folder and changes nothing there.
    package static func of(_ dataFolder: String) throws(NodeError) -> UpgradeReport {
        do throws(ArchiveError) {
            let check = try FormatCheck.of(dataFolder)
            return UpgradeReport(
                version: Release.version, folder: Format(check.folder), archive: Format(check.archive),
                index: Format(check.index), isRefused: check.isRefused, isUpgrade: check.isUpgrade)
        } catch {
            throw NodeError(error)
        }
    }
}
