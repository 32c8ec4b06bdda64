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
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
