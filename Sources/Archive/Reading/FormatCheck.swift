internal import GRDB
internal import Migrations
internal import Platform

/// Which formats a data folder has, and which of them this program writes.
package struct FormatCheck: Sendable, Equatable {
    package var folder: Format
    package var archive: Format
    package var index: Format

    /// The format of one part.
    package struct Format: Sendable, Equatable {
        /// What is there; `nil` if nothing is.
        package var found: Int?
        /// What this program writes. It reads everything up to that.
        package var written: Int

        package var isNewer: Bool { found.map { $0 > written } ?? false }
        package var isOlder: Bool { found.map { $0 < written } ?? false }
    }

    private var all: [Format] { [folder, archive, index] }

    /// Whether a newer program wrote a part, so that this one refuses the folder.
    package var isRefused: Bool { all.contains(where: \.isNewer) }
    /// Whether the next start writes a part anew, after which older programs refuse the folder.
    package var isUpgrade: Bool { !isRefused && all.contains(where: \.isOlder) }

    /// Looks into a folder and changes nothing there.
    package static func of(_ folder: String) throws(ArchiveError) -> FormatCheck {
        var check = FormatCheck(
            folder: Format(found: nil, written: FolderFormat.current),
            archive: Format(found: nil, written: IdentityRecord.format),
            index: Format(found: nil, written: Migrations.count))
        switch try FolderFormat.read(in: folder) {
        case .none: break
        case .number(let found): check.folder.found = found
        case .unreadable: throw .unreadableFormat(path: "\(folder)/\(FolderFormat.name)")
        }
        check.index.found = ReadOnlyIndex.schema(of: "\(folder)/index.sqlite", isShared: FolderLock.isHeld(folder))
        do throws(ArchiveError) {
            check.archive.found = try ArchiveReader.open(folder: folder).identity.format
        } catch {
            switch error {
            case .noArchive: break
            case .newerFormat(_, let found, _): check.archive.found = found
            // The index is newer, and that is known.
            case .newerSchema: break
            default: throw error
            }
        }
        guard check.folder.found != nil || check.archive.found != nil else { throw .noArchive(folder: folder) }
        return check
    }
}

extension ReadOnlyIndex {
    /// The number of the schema of a file; `nil` if there is no file, or if it cannot be read, so that a node makes it anew.
    fileprivate static func schema(of path: String, isShared: Bool) -> Int? {
        guard FileStatus.exists(path) else { return nil }
        var configuration = Configuration.index
        configuration.readonly = true
        guard let name = isShared ? path : try? untouched(path),
            let queue = try? DatabaseQueue(path: name, configuration: configuration)
        else { return nil }
        defer { try? queue.close() }
        return try? queue.read { database in try Migrations.schema(of: database) }
    }
}
