internal import Glibc
internal import Platform
internal import SystemPackage

/// The file beside LMDB's own in which processes agree who reads what.
///
/// LMDB maps it with holes and writes into the map, so on a disk that is full the first reader in a new part of it would
/// end the process with SIGBUS. Here it is given its room before LMDB opens it.
enum LockFile {
    /// LMDB's own header in the file, and what each reader takes.
    private static let headerBytes = 192
    private static let readerBytes = 64

    /// Takes the room, or says that the disk has none. Whatever else is wrong, LMDB finds it and says so.
    ///
    /// - Parameter path: the name that LMDB's file is known by.
    static func makeRoom(beside file: String, of path: String, readersMax: Int) throws(ArchiveError) {
        let lock = file + "-lock"
        let existed = access(lock, F_OK) == 0
        let opened: OpenFile
        do {
            opened = try OpenFile(lock, flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            if error == .tooManySymbolicLinkLevels { throw FolderSafety.link(lock) }
            return
        }
        try FolderSafety.checkWritten(opened.descriptor, lock)
        let code = posix_fallocate(opened.descriptor, 0, off_t(headerBytes + (readersMax - 1) * readerBytes))
        guard code == ENOSPC || code == EDQUOT else { return }
        if !existed { unlink(lock) }
        throw .diskFull(path: path)
    }

    /// Throws unless the file is there and can be written to without harm, for a reader beside a node: LMDB would make
    /// another one, in which the node does not see what is being read.
    static func checkShared(beside path: String) throws(ArchiveError) {
        let lock = path + "-lock"
        let opened: OpenFile
        do {
            opened = try OpenFile(lock, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            switch error {
            case .tooManySymbolicLinkLevels: throw FolderSafety.link(lock)
            case .noSuchFileOrDirectory:
                throw .unreadable(
                    path: lock, reason: "it is missing: the node is just starting, or has to be started again")
            // Whatever else is wrong, LMDB finds it and says so.
            default: return
            }
        }
        try FolderSafety.checkWritten(opened.descriptor, lock)
    }
}
