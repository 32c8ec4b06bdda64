internal import Glibc
internal import Platform
internal import SystemPackage

/// Finds out whether a node runs in a folder, and keeps one from starting there while the folder is read.
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
