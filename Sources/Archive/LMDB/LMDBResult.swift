internal import CLMDB
internal import Glibc

/// What an LMDB call returned, and what it means to the archive.
struct LMDBResult {
    /// Zero, one of LMDB's negative codes, or an `errno`.
    let code: Int32
    /// What was tried, for the error's text.
    let operation: String
    /// The file, for the error's text.
    let path: String

    /// Throws unless the call succeeded.
    func check(mapBytes: Int) throws(ArchiveError) {
        guard code != MDB_SUCCESS else { return }
        throw error(mapBytes: mapBytes)
    }

    /// The error that the code stands for.
    func error(mapBytes: Int) -> ArchiveError {
        switch code {
        case MDB_MAP_FULL: .mapFull(mapBytes: mapBytes)
        case MDB_PANIC: .readOnly(path: path)
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID: .damaged(path: path, detail: reason)
        case MDB_VERSION_MISMATCH: .damaged(path: path, detail: "its LMDB version is not ours")
        case MDB_READERS_FULL: .tooManyReaders(max: LMDBEnvironment.readersMax)
        case ENOSPC, EDQUOT: .diskFull(path: path)
        case EIO: .ioFailed(path: path, reason: reason)
        case ENOENT, EACCES, EPERM, EROFS, ENOTDIR, EISDIR: .unavailable(path: path, reason: reason)
        // LMDB marks a process that reads by locking the byte of its number in the file of readers.
        case EAGAIN, MDB_BAD_RSLOT: .processNumberTaken(path: path)
        default: .failed(operation: operation, reason: reason)
        }
    }

    private var reason: String { String(cString: mdb_strerror(code)) }
}
