internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// A data folder that no node can start in and no other tool can change for as long as this value lives: it holds the
/// lock that a node takes.
package final class HeldFolder: Sendable {
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
