internal import Glibc
internal import Platform
internal import SystemPackage

/// Begins a file under another name, and gives it its own once it is whole and on the disk: a power cut in between
/// leaves no file that looks like a damaged one. The folder is synced too, or the file's name could be lost with all
/// that was acknowledged since.
enum NewFile {
    /// Whether there is no file, or an empty one.
    static func isNeeded(at path: String) throws(ArchiveError) -> Bool {
        do {
            let status = try FileStatus.of(path)
            return status.isRegularFile && status.st_size == 0
        } catch {
            guard error == .noSuchFileOrDirectory else { throw unavailable(path, error) }
            return true
        }
    }

    /// - Parameter make: makes a file at the path that it is given, on the disk when it returns.
    static func make(at path: String, _ make: (String) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let other = path + ".new"
        // What an earlier attempt left.
        unlink(other)
        unlink(other + "-lock")
        // LMDB would follow a link, and take whatever has the name.
        do { _ = try OpenFile(creating: other) } catch { throw unavailable(path, error) }
        do throws(ArchiveError) {
            try make(other)
        } catch {
            unlink(other)
            unlink(other + "-lock")
            throw error
        }
        unlink(other + "-lock")
        do { try Errno.check { rename(other, path) } } catch { throw unavailable(path, error) }
        try syncFolder(FolderPath(path).parent.text, of: path)
    }

    private static func syncFolder(_ folder: String, of path: String) throws(ArchiveError) {
        let opened: OpenFile
        do { opened = try OpenFile(folder, flags: O_RDONLY | O_DIRECTORY) } catch { throw unavailable(folder, error) }
        do { try opened.synchronize() } catch { throw .ioFailed(path: path, reason: "\(error)") }
    }

    private static func unavailable(_ path: String, _ error: Errno) -> ArchiveError {
        LMDBResult(code: error.rawValue, operation: "beginning a file", path: path).error(mapBytes: 0)
    }
}
