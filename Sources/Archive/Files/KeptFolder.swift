package import Glibc

/// A data folder or a backup: only the node and its tools make files there.
package struct KeptFolder: Equatable, Sendable {
    /// Where it is.
    package let path: String

    /// The folder that a place lies in, however deep; `nil` if the place is in none.
    ///
    /// - Parameter folder: the path of a folder, which may be the data folder itself; where it is not there, the folders
    ///   that it would lie in count.
    package init?(around folder: String) {
        var nearest = folder
        var resolved = realpath(nearest, nil)
        while resolved == nil, nearest != KeptFolder.parent(of: nearest) {
            nearest = KeptFolder.parent(of: nearest)
            resolved = realpath(nearest, nil)
        }
        guard let resolved else { return nil }
        defer { free(resolved) }
        var place = String(cString: resolved)
        while true {
            if KeptFolder.isKept(place) {
                path = place
                return
            }
            guard place != "/", let slash = place.lastIndex(of: "/") else { return nil }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
    }

    /// Whether a path leads to a file in a folder, or to another name of one.
    ///
    /// - Returns: the name in the folder; `nil` if none of its files is this one.
    package static func name(of file: stat, in folder: String) -> String? {
        guard let listing = opendir(folder) else { return nil }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            guard entry.pointee.d_ino == file.st_ino else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            var status = stat()
            if lstat("\(folder)/\(name)", &status) == 0, status.st_dev == file.st_dev, status.st_ino == file.st_ino {
                return name
            }
        }
        return nil
    }

    /// The folder that a path lies in.
    package static func parent(of path: String) -> String {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        return slash == rest.startIndex ? "/" : String(rest[..<slash])
    }

    private static func isKept(_ folder: String) -> Bool {
        func has(_ name: String) -> Bool {
            var status = stat()
            return lstat("\(folder)/\(name)", &status) == 0
        }
        return has(FolderFormat.name) || has("archive.mdb") || has("manifest.json") && has("manifest.sha256")
    }
}
