internal import Glibc

/// Finds out whether a node runs in a folder, and keeps one from starting there while the folder is looked at.
///
/// A node holds the file `lock` exclusively. A shared lock on it changes nothing in the folder, and lets several look at
/// once.
final class StoppedFolder: Sendable {
    private let descriptor: Int32

    /// `nil` where a node runs in the folder. Where there is no lock file none can: a backup, or files that were
    /// copied by hand.
    init?(_ folder: String) throws(ArchiveError) {
        let path = folder + "/lock"
        while true {
            let opened = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard opened >= 0 else {
                guard errno == ENOENT else {
                    throw .unreadable(path: path, reason: String(cString: strerror(errno)))
                }
                descriptor = opened
                return
            }
            var status = stat()
            guard flock(opened, LOCK_SH | LOCK_NB) == 0, fstat(opened, &status) == 0 else {
                close(opened)
                return nil
            }
            // Whoever made the file may have removed it meanwhile: then this lock keeps nobody out.
            if status.st_nlink > 0 {
                descriptor = opened
                return
            }
            close(opened)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
