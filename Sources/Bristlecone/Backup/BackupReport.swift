public import FoundationEssentials
package import IPv8

/// A backup that has been made.
public struct BackupReport: Sendable, Equatable, Codable {
    /// The folder that holds it.
    public var folder: String
    package var created: Instant
    /// The archive that it is of: 32 hexadecimal digits.
    public var archiveID: String
    /// The last change that it holds; 0 where there is none.
    public var journalLast: UInt64
    /// When that change was made.
    package var journalAt: Instant?
    /// How many values it holds.
    public var values: Int
    /// Bytes of its files.
    public var bytes: Int
    /// Why it has no copy of the index, which is rebuilt after a restore; `nil` where it has one.
    public var indexIsMissingBecause: String?
    /// How long it took.
    public var duration: Duration
    /// Whether it has the node's private key.
    public var hasIdentity = true

    /// When it was begun; everything acknowledged before is in it.
    public var begun: Date { Date(created) }

    private enum CodingKeys: String, CodingKey {
        case folder, created, journalLast, journalAt, values, bytes, hasIdentity
        case archiveID = "archiveId"
        case indexIsMissingBecause = "indexMissing"
        case duration = "seconds"
    }
}

/// A backup that has been restored.
package struct RestoreReport: Sendable, Equatable, Encodable {
    /// The data folder that holds it now.
    package var dataFolder: String
    /// Where the data that was there before has been moved; `nil` where there was none.
    package var movedAside: String?
    /// When the backup was made.
    package var created: Instant
    /// The archive: 32 hexadecimal digits.
    package var archiveID: String
    /// The last change that it holds; 0 where there is none.
    package var journalLast: UInt64
    /// When that change was made.
    package var journalAt: Instant?
    /// The last change of the same archive in the folder that was moved aside; `nil` where there was none, where it is
    /// another archive, or where it cannot be read.
    package var journalLastBefore: UInt64?
    /// How many values it holds.
    package var values: Int
    /// Why the index was not restored; the node makes a new one. `nil` if it was.
    package var indexIsMissingBecause: String?
    /// How long it took.
    package var duration: Duration

    /// How many changes the data that was moved aside has and this has not.
    package var changesUndone: UInt64 {
        guard let journalLastBefore, journalLastBefore > journalLast else { return 0 }
        return journalLastBefore - journalLast
    }

    private enum CodingKeys: String, CodingKey {
        case dataFolder, movedAside, created, journalLast, journalAt, journalLastBefore, values
        case archiveID = "archiveId"
        case indexIsMissingBecause = "indexMissing"
        case duration = "seconds"
    }
}
