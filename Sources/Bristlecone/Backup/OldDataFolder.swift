internal import Archive
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

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
        if isThere { try OldDataFolder.refuseNewer(folder) }
        lock = try OldDataFolder.lock(folder, isThere)
        self.folder = folder
        self.isThere = isThere
    }

    private static func holdsData(_ folder: FolderPath) throws(BackupError) -> Bool {
        let names: [String]
        do throws(Errno) {
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

    /// A newer program may keep more in its folder than this one knows to move.
    private static func refuseNewer(_ folder: FolderPath) throws(BackupError) {
        do throws(ArchiveError) {
            if case .number(let format) = try FolderFormat.read(in: folder.text), format > FolderFormat.current {
                throw .newerFolder(path: folder.text, found: format, supported: FolderFormat.current)
            }
            _ = try ArchiveReader.open(folder: folder.text)
        } catch {
            switch error {
            case .newerFolder, .newerFormat, .newerSchema: throw .archive(error.description)
            // What is damaged or missing is what a restore is for.
            default: return
            }
        }
    }

    private static func lock(_ folder: FolderPath, _ isThere: Bool) throws(BackupError) -> FolderLock? {
        guard isThere else { return nil }
        do {
            var created = CreatedFiles()
            return try FolderLock.take(in: OpenFolder(folder.text), folder.text, &created)
        } catch let error as DataFolderError {
            throw .dataFolder(error.description)
        } catch {
            throw .notRead(path: folder.text, reason: (error as? Errno)?.reason ?? "\(error)")
        }
    }

    /// The folder's private key; `nil` if it has none. Root may restore a service's folder, whose key is the service's.
    func identity() throws(BackupError) -> PrivateKey? {
        guard isThere else { return nil }
        do {
            let owner = geteuid() == 0 ? try FileStatus.of(folder.text).owner : geteuid()
            return try IdentityFile.load(in: OpenFolder(folder.text), folder.text, ownedBy: owner)
        } catch let error as DataFolderError {
            throw .dataFolder(error.description)
        } catch {
            throw .notRead(path: folder.text, reason: (error as? Errno)?.reason ?? "\(error)")
        }
    }

    /// Gives a folder and what is in it the owner and the permissions of this one.
    func giveOwner(to new: FolderPath) throws(BackupError) {
        guard isThere else { return }
        do throws(Errno) {
            let own = try FileStatus.of(folder.text)
            if geteuid() == 0, own.st_uid != 0 || own.st_gid != 0 {
                for name in try OpenFolder(new.text).names() {
                    try Errno.check { lchown("\(new.text)/\(name)", own.st_uid, own.st_gid) }
                }
                try Errno.check { lchown(new.text, own.st_uid, own.st_gid) }
            }
            try Errno.check { chmod(new.text, own.st_mode & 0o777) }
        } catch {
            throw .notWritten(path: new.text, reason: error.reason)
        }
    }

    /// Whether a node or a restore makes files of this name.
    static func isOurs(_ name: String) -> Bool {
        DataFolder.isHarmless(name) || DataFolder.isOfAnArchive(name)
    }

    /// The last change of the archive in it, if it is this one.
    func journalLast(ifArchive archiveID: String) -> UInt64? {
        guard isThere, let reader = try? ArchiveReader.open(folder: folder.text, isLocked: true),
            Hex.encode(reader.archiveID) == archiveID
        else { return nil }
        return (try? reader.journal())?.last
    }

    /// Has another folder take its place and its name; answers what it is called from then on itself, or `nil` where there
    /// was nothing.
    func giveWay(to new: FolderPath, at now: Instant) throws(BackupError) -> FolderPath? {
        let aside: FolderPath
        do throws(Errno) {
            guard isThere else {
                try new.rename(to: folder)
                return nil
            }
            aside = try nameAside(at: now)
            if try exchange(with: new) {
                // What follows changes nothing but a name, so that it fails is no reason to undo anything.
                return (try? new.rename(to: aside)) == nil ? new : aside
            }
        } catch {
            throw notMoved(error)
        }
        return try giveWayInTwoSteps(to: new, aside)
    }

    /// Has the two change names, so that there is a data folder at every moment: without one a node that is started begins
    /// anew, as somebody else. Answers whether the file system can.
    private func exchange(with new: FolderPath) throws(Errno) -> Bool {
        do {
            try new.exchange(with: folder)
            return true
        } catch  where [.invalidArgument, .noFunction, .notSupportedOnSocket].contains(error) {
            return false
        }
    }

    private func giveWayInTwoSteps(to new: FolderPath, _ aside: FolderPath) throws(BackupError) -> FolderPath {
        do throws(Errno) { try folder.rename(to: aside) } catch { throw notMoved(error) }
        do throws(Errno) {
            try new.rename(to: folder)
            return aside
        } catch {
            // Back to what was there before; should that fail too, somebody has to know where everything is.
            guard (try? aside.rename(to: folder)) != nil else {
                throw .halfway(
                    dataFolder: folder.text, movedAside: aside.text, restored: new.text, reason: error.reason)
            }
            throw notMoved(error)
        }
    }

    private func notMoved(_ error: Errno) -> BackupError {
        error == .resourceBusy
            ? .mountPoint(path: folder.text) : .notWritten(path: folder.text, reason: error.reason)
    }

    private func nameAside(at now: Instant) throws(Errno) -> FolderPath {
        try OldDataFolder.nameAside(folder, at: now)
    }

    /// What the names of folders that were moved aside have between the data folder's name and the time.
    static let asideSuffix = ".before-restore-"

    /// A name beside a data folder that tells when it was moved, and that nothing has yet.
    static func nameAside(_ folder: FolderPath, at now: Instant) throws(Errno) -> FolderPath {
        let moment = now.iso8601(fractionDigits: 0).filter { $0 != "-" && $0 != ":" }
        var aside = folder.sibling("\(asideSuffix)\(moment)")
        var number = 1
        while try aside.exists() {
            number += 1
            aside = folder.sibling("\(asideSuffix)\(moment)-\(number)")
        }
        return aside
    }
}
