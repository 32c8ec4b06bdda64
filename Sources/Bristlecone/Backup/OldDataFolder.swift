internal import Archive
internal import Glibc
internal import IPv8

/// The data folder that a backup is to take the place of: locked as long as this value lives, so that no node runs in
/// it, or not there at all.
struct OldDataFolder: ~Copyable {
    private let folder: FolderPath
    private let lock: FolderLock?
    private let isThere: Bool

    /// Locks the folder. One that is no node's, but holds something, is refused.
    init(_ folder: FolderPath) throws(BackupError) {
        guard !folder.isMountPoint else { throw .mountPoint(path: folder.text) }
        let isThere = try OldDataFolder.holdsData(folder)
        lock = try OldDataFolder.lock(folder, isThere)
        self.folder = folder
        self.isThere = isThere
    }

    private static func holdsData(_ folder: FolderPath) throws(BackupError) -> Bool {
        let names: [String]
        do throws(SystemError) {
            guard try folder.exists() else { return false }
            names = try OpenFolder(folder.text).names()
        } catch {
            throw .notRead(path: folder.text, reason: error.reason)
        }
        if !names.contains(DataFolder.formatName), let foreign = names.first(where: { !isOurs($0) }) {
            throw .foreignFolder(path: folder.text, example: foreign)
        }
        return !names.isEmpty
    }

    private static func lock(_ folder: FolderPath, _ isThere: Bool) throws(BackupError) -> FolderLock? {
        guard isThere else { return nil }
        do {
            var created = CreatedFiles()
            return try FolderLock(in: OpenFolder(folder.text), folder.text, &created)
        } catch let error as DataFolderError {
            throw .dataFolder(error.description)
        } catch {
            throw .notRead(path: folder.text, reason: (error as? SystemError)?.reason ?? "\(error)")
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        DataFolder.isHarmless(name) || name.hasPrefix("archive.mdb") || name.hasPrefix("index.sqlite")
    }

    /// The last change of the archive in it, if it is this one.
    func journalLast(ifArchive archiveID: String) -> UInt64? {
        guard isThere, let reader = try? ArchiveReader.open(folder: folder.text, isLocked: true),
            Hex.encode(reader.archiveID) == archiveID
        else { return nil }
        return (try? reader.journal())?.last
    }

    /// Gives the folder a name that tells when it was moved; answers it, or `nil` where there is nothing to be moved.
    func moveAside(at now: Instant) throws(BackupError) -> FolderPath? {
        guard isThere else { return nil }
        let moment = now.reportText.filter { $0 != "-" && $0 != ":" }
        var aside = folder.sibling(".before-restore-\(moment)")
        do {
            var number = 1
            while try aside.exists() {
                number += 1
                aside = folder.sibling(".before-restore-\(moment)-\(number)")
            }
            try folder.rename(to: aside)
            return aside
        } catch  where error.code == EBUSY {
            throw .mountPoint(path: folder.text)
        } catch {
            throw .notWritten(path: folder.text, reason: error.reason)
        }
    }
}
