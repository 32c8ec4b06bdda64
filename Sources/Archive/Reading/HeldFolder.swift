internal import Glibc
internal import Synchronization

/// A data folder that no node can start in and no other tool can change for as long as this value lives: it holds the
/// lock that a node takes.
package final class HeldFolder: Sendable {
    /// The path as it was given.
    package let path: String
    private let descriptor: Int32
    /// Whether the lock's file is gone again with this value: where there was none, nothing is left behind.
    private let isTemporary: Atomic<Bool>

    private var lockPath: String { path + "/lock" }

    /// Takes the lock of a folder that exists.
    package init(_ path: String) throws(ArchiveError) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw .noArchive(folder: path) }
        guard geteuid() != 0 || status.st_uid == 0 else {
            throw .foreignFolder(folder: path, owner: HeldFolder.name(ofUser: status.st_uid))
        }
        guard access(path + "/manifest.json", F_OK) != 0 else { throw .isBackup(folder: path) }
        try FolderFormat.refuseNewer(path)
        let file = path + "/lock"
        while true {
            let existed = access(file, F_OK) == 0
            let opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard opened >= 0 else { throw .unavailable(path: file, reason: String(cString: strerror(errno))) }
            guard ExclusiveLock.take(opened) == 0 else {
                close(opened)
                throw .inUse(folder: path)
            }
            // Whoever made the file may have removed it meanwhile: then this lock keeps nobody out.
            if fstat(opened, &status) == 0, status.st_nlink > 0 {
                descriptor = opened
                isTemporary = Atomic(!existed)
                return
            }
            close(opened)
        }
    }

    deinit {
        if isTemporary.load(ordering: .relaxed) { unlink(lockPath) }
        close(descriptor)
    }

    /// Leaves the lock's file in a folder that holds an archive from now on, so that whoever looks into it keeps nodes out.
    package func keepLock() { isTemporary.store(false, ordering: .relaxed) }

    private static func name(ofUser id: uid_t) -> String {
        getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "#\(id)"
    }

    /// Syncs the folder, so that names of files in it are on the disk.
    package func synchronize() throws(ArchiveError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .unavailable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .ioFailed(path: path, reason: String(cString: strerror(errno))) }
    }
}
