internal import Glibc
internal import Platform
internal import SystemPackage

/// What opening a data folder has created so far, so that it can be undone.
struct CreatedFiles: Sendable {
    /// In the order of creation; a folder comes before what is in it.
    private var paths: [(path: String, isFolder: Bool)] = []

    /// Remembers a file.
    mutating func add(_ path: String) { paths.append((path, false)) }

    /// Creates a folder, and those that it lies in where they are missing, for the owner alone; one that exists is fine.
    ///
    /// A new folder's name is on disk when this returns.
    mutating func makeFolder(_ path: String) throws(DataFolderError) {
        do {
            try make(path)
        } catch {
            if error == .notDirectory { throw .notAFolder(path: path) }
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    private mutating func make(_ path: String) throws(Errno) {
        do {
            try Errno.check { mkdir(path, 0o700) }
        } catch  where error == .fileExists {
            return
        } catch  where error == .noSuchFileOrDirectory {
            let parent = FolderPath(path).parent.text
            guard parent != path else { throw error }
            try make(parent)
            try Errno.check { mkdir(path, 0o700) }
        }
        paths.append((path, true))
        try? FolderPath(path).parent.synchronize()
    }

    /// Removes what was created, the last first; a folder that somebody else has put something into stays.
    func removeAll() {
        for (path, isFolder) in paths.reversed() {
            if isFolder { rmdir(path) } else { unlink(path) }
        }
    }
}
