internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// Holds a data folder's lock. As long as this value lives, no node can start in the folder and no other tool can change it.
package final class LockedFolder: Sendable {
    /// The path as it was given.
    package let path: String
    private let lock: FolderLock
    /// Whether the lock's file is gone again with this value: where there was none, nothing is left behind.
    private let isTemporary: Atomic<Bool>

    /// Takes the lock of a folder that exists, if no other user could interfere with what is written there.
    package init(_ path: String) throws(ArchiveError) {
        self.path = path
        guard let folder = try? OpenFile(path, flags: O_RDONLY | O_DIRECTORY) else { throw .noArchive(folder: path) }
        _ = try FolderSafety.check(folder.descriptor, path)
        guard access(path + "/manifest.json", F_OK) != 0 else { throw .isBackup(folder: path) }
        try FolderFormat.refuseNewer(path)
        do throws(FolderLock.Failure) {
            lock = try FolderLock(of: path, in: folder.descriptor)
        } catch {
            switch error {
            case .held, .replaced: throw .inUse(folder: path)
            case .beingRead(let processIDs): throw .beingRead(folder: path, processIDs: processIDs)
            case .failed(let error): throw .unavailable(path: "\(path)/\(FolderLock.name)", reason: "\(error)")
            }
        }
        isTemporary = Atomic(lock.createdFile)
    }

    deinit {
        if isTemporary.load(ordering: .relaxed) { unlink("\(path)/\(FolderLock.name)") }
    }

    /// Leaves the lock's file in a folder that holds an archive from now on, so that whoever looks into it keeps nodes out.
    package func keepLock() { isTemporary.store(false, ordering: .relaxed) }

    /// Syncs the folder, so that names of files in it are on the disk.
    package func synchronize() throws(ArchiveError) {
        let folder: OpenFile
        do {
            folder = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
        } catch {
            throw .unavailable(path: path, reason: "\(error)")
        }
        do { try folder.synchronize() } catch { throw .ioFailed(path: path, reason: "\(error)") }
    }
}

/// Detects a node that runs in a folder, and keeps one from starting while the folder is read.
///
/// A node holds exclusive locks on the folder and on the file `lock` in it, see ``FolderLock``; one of an earlier version
/// holds only the second. Shared locks on both change nothing in the folder and let several processes read at once.
final class StoppedFolder: Sendable {
    private let folder: OpenFile?
    private let file: OpenFile?

    /// `nil` if a node runs in the folder.
    init?(_ path: String) throws(ArchiveError) {
        // Without permission to list the folder, or on a file system that locks no folders, the file has to do.
        if let opened = try? OpenFile(path, flags: O_RDONLY | O_DIRECTORY) {
            if flock(opened.descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK { return nil }
            folder = consume opened
        } else {
            folder = nil
        }
        let filePath = path + "/" + FolderLock.name
        for _ in 0..<StoppedFolder.attemptsMax {
            let opened: OpenFile
            do {
                opened = try OpenFile(filePath, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            } catch {
                guard error == .noSuchFileOrDirectory else { throw .unreadable(path: filePath, reason: "\(error)") }
                // A backup, or files that were copied by hand.
                file = nil
                return
            }
            guard flock(opened.descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
            // Whoever made the file may have removed it meanwhile: then this lock keeps nobody out.
            if FileIdentity(path: filePath) == FileIdentity(descriptor: opened.descriptor) {
                file = consume opened
                return
            }
        }
        throw .unreadable(path: filePath, reason: "\(Errno.resourceBusy)")
    }

    /// Each needs another process that replaces the file at that moment.
    private static let attemptsMax = 100
}
