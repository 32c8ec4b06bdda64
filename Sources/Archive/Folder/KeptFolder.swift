package import Glibc
internal import Platform
internal import SystemPackage

/// A data folder or a backup: only the node and its tools make files there.
package struct KeptFolder: Equatable, Sendable {
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

/// The number of a data folder's layout. This program changes nothing in the folder of a newer one.
package enum FolderFormat {
    /// The file's name.
    package static let name = "bristlecone.format"
    /// The format that this program writes, and the newest that it reads.
    package static let current = 1
    private static let bytesMax = 32

    /// What the file says.
    package enum Found: Equatable {
        /// There is no file: no node has used the folder.
        case none
        case number(Int)
        /// The file holds something else than a number.
        case unreadable
    }

    /// Reads a folder's number.
    package static func read(in folder: String) throws(ArchiveError) -> Found {
        let path = "\(folder)/\(name)"
        do {
            return parse(try OpenFile(path, flags: O_RDONLY | O_NONBLOCK).read(bytesMax: bytesMax))
        } catch {
            if error == .noSuchFileOrDirectory || error == .notDirectory { return .none }
            throw .unreadable(path: path, reason: "\(error)")
        }
    }

    /// Reads what such a file holds.
    package static func parse(_ bytes: some Collection<UInt8>) -> Found {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let number = Int(text.prefix { $0 != "\n" }), number > 0 else { return .unreadable }
        return .number(number)
    }

    /// Throws if a folder is not to be changed because a newer program wrote it, or because nobody can tell.
    package static func refuseNewer(_ folder: String) throws(ArchiveError) {
        switch try read(in: folder) {
        case .none: return
        case .number(let found) where found <= current: return
        case .number(let found): throw .newerFolder(path: folder, found: found, supported: current)
        case .unreadable: throw .unreadableFormat(path: "\(folder)/\(name)")
        }
    }
}
