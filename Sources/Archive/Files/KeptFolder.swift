package import Glibc
internal import Platform

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
        while resolved == nil, nearest != FolderPath(nearest).parent.text {
            nearest = FolderPath(nearest).parent.text
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

    /// The name that a file has in a folder; `nil` if none of the folder's files is this one.
    package static func name(of file: stat, in folder: String) -> String? {
        let names = (try? OpenFolder(folder).names()) ?? []
        return names.first { (try? FileStatus.of("\(folder)/\($0)", followsLinks: false))?.identity == file.identity }
    }

    private static func isKept(_ folder: String) -> Bool {
        func has(_ name: String) -> Bool { FileStatus.exists("\(folder)/\(name)") }
        return has(FolderFormat.name) || has("archive.mdb") || has("manifest.json") && has("manifest.sha256")
    }
}
