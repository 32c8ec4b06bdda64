internal import Archive
internal import Glibc
internal import Platform
internal import SystemPackage

/// The destination of an output. It is chosen, or refused, before anything is opened for writing or replaced.
enum OutputPlace {
    /// An open descriptor of this process, such as standard output, which is written through to.
    case descriptor(Int32)
    /// A pipe, a device or a socket, which is written through to.
    case special(String, stat)
    /// A new or an existing regular file in an existing folder.
    case file(name: String, in: String)

    private static let linksMax = 40

    /// Resolves a path.
    ///
    /// Links are followed here and not by the system, which would follow one that somebody else has planted: only
    /// root's and one's own count.
    init(_ path: String) throws(FileFailure) {
        guard path != "-" else {
            self = .descriptor(STDOUT_FILENO)
            return
        }
        var place = path
        for _ in 0..<OutputPlace.linksMax {
            if let own = try OutputPlace.ownDescriptor(place, path) {
                self = .descriptor(own)
                return
            }
            let status: stat
            do {
                status = try FileStatus.of(place, followsLinks: false)
            } catch {
                guard error == .noSuchFileOrDirectory else { throw OutputFile.failure(path, error) }
                self = try OutputPlace.regular(place, path)
                return
            }
            switch status.kind {
            case S_IFLNK:
                try OutputPlace.requireOwn(status, "a symbolic link", path)
                guard let next = try OutputPlace.target(of: place, path) else {
                    self = .special(place, status)
                    return
                }
                place = next
            case S_IFDIR:
                throw FileFailure(path, "is a folder: name a file in it.")
            case S_IFREG:
                self = try OutputPlace.regular(place, path)
                return
            case S_IFCHR, S_IFBLK:
                try OutputPlace.requireOutside(place, path)
                self = .special(place, status)
                return
            default:
                try OutputPlace.requireOutside(place, path)
                try OutputPlace.requireOwn(status, "a pipe or a socket", path)
                self = .special(place, status)
                return
            }
        }
        throw OutputFile.failure(path, .tooManySymbolicLinkLevels)
    }

    /// Throws if the place is a file of the folder that is read, or another name of one.
    func requireForeign(to folder: String, _ path: String) throws(FileFailure) {
        let status: stat? =
            switch self {
            case .descriptor(let descriptor): try? FileStatus.of(descriptor: descriptor)
            case .special(let place, _): try? FileStatus.of(place)
            case .file(let name, let parent): try? FileStatus.of("\(parent)/\(name)", followsLinks: false)
            }
        guard let status, let name = KeptFolder.name(of: status, in: folder) else { return }
        throw FileFailure(
            path == "-" ? "Standard output" : path,
            "is the same file as \(folder)/\(name) and would destroy it: choose another place.")
    }

    private static func regular(_ place: String, _ path: String) throws(FileFailure) -> OutputPlace {
        guard let name = place.split(separator: "/").last, !place.hasSuffix("/") else {
            throw FileFailure(path, "is the name of a folder: name a file in it.")
        }
        try requireOutside(place, path)
        return .file(name: String(name), in: FolderPath(place).parent.text)
    }

    private static func requireOutside(_ place: String, _ path: String) throws(FileFailure) {
        guard let kept = KeptFolder(around: FolderPath(place).parent.text) else { return }
        throw FileFailure(
            path,
            "is in \(kept.path), a data folder or a backup, which must not change: choose another place.")
    }

    private static func requireOwn(_ status: stat, _ what: String, _ path: String) throws(FileFailure) {
        guard status.st_uid != geteuid(), status.st_uid != 0 else { return }
        throw FileFailure(
            path,
            "is \(what) of the user \(FileStatus.userName(status.st_uid)), who may have put it there on purpose: choose "
                + "another file.")
    }

    /// The descriptor of this process that a path names; `nil` for any other path.
    private static func ownDescriptor(_ place: String, _ path: String) throws(FileFailure) -> Int32? {
        let folders = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", "/proc/\(getpid())/fd/"]
        guard let folder = folders.first(where: place.hasPrefix) else { return nil }
        guard let number = Int32(place.dropFirst(folder.count)), fcntl(number, F_GETFD) >= 0 else {
            throw OutputFile.failure(path, .badFileDescriptor)
        }
        return number
    }

    /// The target of a link; `nil` if the link is the system's own name for another process's open pipe or socket.
    private static func target(of place: String, _ path: String) throws(FileFailure) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink(place, $0, characters.count) } ?? -1
            }
        }
        guard count > 0 else { throw OutputFile.failure(path, .last) }
        let target = String(decoding: bytes.prefix(count), as: UTF8.self)
        if target.hasPrefix("/") { return target }
        let folder = FolderPath(place).parent.text
        if folder.hasPrefix("/proc/"), target.contains(":[") { return nil }
        return "\(folder)/\(target)"
    }
}
