internal import Glibc
internal import Platform
internal import SystemPackage

/// The number in a data folder that tells how its files belong together: a folder of a newer program is left alone.
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
