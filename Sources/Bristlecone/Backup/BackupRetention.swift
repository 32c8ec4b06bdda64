internal import IPv8
internal import Platform
internal import SystemPackage

/// Which backups to keep: the last one of each of the last so many days, weeks and months that have one.
package struct BackupRetention: Sendable, Equatable {
    package var daily = 0
    package var weekly = 0
    package var monthly = 0

    /// Reads `daily=7,weekly=5,monthly=12`; parts may be missing, but not all of them.
    package init?(_ text: String) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2, let count = Int(words[1]), 0...10_000 ~= count else { return nil }
            switch words[0] {
            case "daily": daily = count
            case "weekly": weekly = count
            case "monthly": monthly = count
            default: return nil
            }
        }
        guard daily + weekly + monthly > 0 else { return nil }
    }

    /// Which of the moments are kept, by their place. The newest always is.
    func kept(of moments: [Instant]) -> Set<Int> {
        let newestFirst = moments.indices.sorted { (moments[$0], $0) > (moments[$1], $1) }
        var kept = Set(newestFirst.prefix(1))
        for (count, period) in [(daily, Self.day), (weekly, Self.week), (monthly, Self.month)] {
            var seen: Set<String> = []
            for place in newestFirst where seen.count < count {
                if seen.insert(period(moments[place])).inserted { kept.insert(place) }
            }
        }
        return kept
    }

    /// All in UTC; a week begins on Monday.
    private static func day(_ moment: Instant) -> String { String(moment.iso8601(fractionDigits: 0).prefix(10)) }
    private static func month(_ moment: Instant) -> String { String(moment.iso8601(fractionDigits: 0).prefix(7)) }
    private static func week(_ moment: Instant) -> String {
        let days = moment.nanoseconds / (86_400 * 1_000_000_000)
        // The first day of 1970 was a Thursday.
        return "\((days + 3) / 7)"
    }
}

/// What became of the backups beside a new one.
package struct PrunedBackups: Sendable, Equatable {
    /// The names of those that are kept, oldest first.
    package var kept: [String] = []
    /// The names of those that were deleted, oldest first.
    package var deleted: [String] = []
}

extension Backup {
    /// Deletes backups beside a new one that are not to be kept.
    ///
    /// Only complete backups of the same archive are deleted, and only if nothing else is in their folder. The new one stays,
    /// whatever the clock says.
    package static func prune(
        beside newest: BackupReport, keeping retention: BackupRetention
    ) throws(BackupError) -> PrunedBackups {
        let new = FolderPath(newest.folder)
        let found = try backups(in: new.parent, of: newest.archiveID)
        let kept = retention.kept(of: found.map(\.manifest.created))
        var pruned = PrunedBackups()
        for (place, backup) in found.enumerated() {
            let name = backup.folder.name
            if kept.contains(place) || name == new.name || !backup.hasNothingElse {
                pruned.kept.append(name)
            } else {
                try delete(backup.folder)
                pruned.deleted.append(name)
            }
        }
        return pruned
    }

    /// The complete backups of an archive in a folder, oldest first. What a killed deletion left is removed.
    private static func backups(in parent: FolderPath, of archiveID: String) throws(BackupError) -> [BackupReader] {
        let names: [String]
        do { names = try OpenFolder(parent.text).names() } catch {
            throw .notRead(path: parent.text, reason: error.reason)
        }
        var found: [BackupReader] = []
        for name in names {
            let path = FolderPath("\(parent.text)/\(name)")
            guard (try? FileStatus.of(path.text, followsLinks: false))?.isFolder == true,
                let backup = try? BackupReader(path.text), backup.manifest.archiveID == archiveID
            else { continue }
            if name.hasSuffix(deletedSuffix) {
                if backup.hasNothingElse { try delete(path) }
            } else if !name.hasSuffix(unfinishedSuffix) {
                found.append(backup)
            }
        }
        return found.sorted { ($0.manifest.created, $0.folder.text) < ($1.manifest.created, $1.folder.text) }
    }

    /// What the name of a backup ends with while it is deleted: nobody takes it for a whole one.
    private static let deletedSuffix = ".deleted"

    /// Deletes a backup. The manifest goes last, so that a deletion that was killed can be finished.
    private static func delete(_ backup: FolderPath) throws(BackupError) {
        do throws(Errno) {
            var path = backup
            if !path.name.hasSuffix(deletedSuffix) {
                path = path.sibling(deletedSuffix)
                try backup.rename(to: path)
            }
            let folder = try OpenFolder(path.text)
            let last = [BackupManifest.digestName, BackupManifest.name]
            for name in try folder.names().filter({ !last.contains($0) }) + last { try folder.remove(name) }
            try path.removeEmpty()
        } catch {
            throw .notDeleted(path: backup.text, reason: error.reason)
        }
    }
}

extension BackupReader {
    /// Whether the folder has only files that belong to a backup.
    fileprivate var hasNothingElse: Bool {
        let own = BackupManifest.fileNames + [BackupManifest.name, BackupManifest.digestName]
        return (try? OpenFolder(folder.text).names())?.allSatisfy(own.contains) == true
    }
}
