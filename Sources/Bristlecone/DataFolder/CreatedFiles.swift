internal import Glibc

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
            switch error.code {
            case ENOTDIR: throw .notAFolder(path: path)
            default: throw .notWritable(path: path, reason: error.reason)
            }
        }
    }

    private mutating func make(_ path: String) throws(SystemError) {
        do {
            try SystemError.check { mkdir(path, 0o700) }
        } catch  where error.code == EEXIST {
            return
        } catch  where error.code == ENOENT {
            guard let parent = CreatedFiles.parent(of: path), parent != path else { throw error }
            try make(parent)
            try SystemError.check { mkdir(path, 0o700) }
        }
        paths.append((path, true))
        try? OpenFile(CreatedFiles.parent(of: path) ?? ".", flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// Removes what was created, the last first; a folder that somebody else has put something into stays.
    func removeAll() {
        for (path, isFolder) in paths.reversed() {
            if isFolder { rmdir(path) } else { unlink(path) }
        }
    }

    /// The folder that a path lies in; `nil` for a name alone.
    private static func parent(of path: String) -> String? {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return nil }
        return slash == rest.startIndex ? "/" : String(rest[..<slash])
    }
}
