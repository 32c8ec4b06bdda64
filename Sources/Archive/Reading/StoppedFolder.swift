internal import Glibc

/// Finds out whether a node runs in a folder, and keeps one from starting there while the folder is read.
///
/// A node holds exclusive locks on the folder and on the file `lock` in it, see ``FolderLock``; one of an earlier version
/// holds only the second. Shared locks on both change nothing in the folder and let several processes read at once.
final class StoppedFolder: Sendable {
    private let folder: Descriptor?
    private let file: Descriptor?

    /// `nil` if a node runs in the folder.
    init?(_ path: String) throws(ArchiveError) {
        // Without permission to list the folder, or on a file system that locks no folders, the file has to do.
        if let opened = Descriptor(path, flags: O_RDONLY | O_DIRECTORY) {
            if flock(opened.number, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK { return nil }
            folder = consume opened
        } else {
            folder = nil
        }
        let filePath = path + "/" + FolderLock.name
        for _ in 0..<StoppedFolder.attemptsMax {
            guard let opened = Descriptor(filePath, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else {
                guard errno == ENOENT else {
                    throw .unreadable(path: filePath, reason: String(cString: strerror(errno)))
                }
                // A backup, or files that were copied by hand.
                file = nil
                return
            }
            guard flock(opened.number, LOCK_SH | LOCK_NB) == 0 else { return nil }
            // Whoever made the file may have removed it meanwhile: then this lock keeps nobody out.
            if FileIdentity(path: filePath) == FileIdentity(descriptor: opened.number) {
                file = consume opened
                return
            }
        }
        throw .unreadable(path: filePath, reason: String(cString: strerror(EBUSY)))
    }

    /// Each needs another process that replaces the file at that moment.
    private static let attemptsMax = 100
}
