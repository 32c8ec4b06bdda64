internal import Glibc

/// Begins a file under another name, and gives it its own once it is whole and on the disk: a power cut in between
/// leaves no file that looks like a damaged one. The folder is synced too, or the file's name could be lost with all
/// that was acknowledged since.
enum NewFile {
    /// Whether there is no file, or an empty one.
    static func isNeeded(at path: String) throws(ArchiveError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 }
        guard errno == ENOENT else { throw unavailable(path) }
        return true
    }

    /// - Parameter make: makes a file at the path that it is given, on the disk when it returns.
    static func make(at path: String, _ make: (String) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let other = path + ".new"
        // What an earlier attempt left.
        unlink(other)
        unlink(other + "-lock")
        // LMDB would follow a link, and take whatever has the name.
        let created = open(other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard created >= 0 else { throw unavailable(path) }
        close(created)
        do throws(ArchiveError) {
            try make(other)
        } catch {
            unlink(other)
            unlink(other + "-lock")
            throw error
        }
        unlink(other + "-lock")
        guard rename(other, path) == 0 else { throw unavailable(path) }
        try syncFolder(of: path)
    }

    private static func syncFolder(of path: String) throws(ArchiveError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unavailable(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .ioFailed(path: path, reason: String(cString: strerror(errno)))
        }
    }

    private static func unavailable(_ path: String) -> ArchiveError {
        LMDBResult(code: errno, operation: "beginning a file", path: path).error(mapBytes: 0)
    }
}
