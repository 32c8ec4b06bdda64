package import Glibc
package import SystemPackage

/// Asks the system about files.
package enum FileStatus {
    /// What a path leads to.
    ///
    /// - Parameter followsLinks: whether a symbolic link stands for its destination or for itself.
    package static func of(
        _ path: String, in folder: Int32 = AT_FDCWD, followsLinks: Bool = true
    ) throws(Errno) -> stat {
        var status = stat()
        try Errno.check { fstatat(folder, path, &status, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW) }
        return status
    }

    /// What a descriptor stands for.
    package static func of(descriptor: Int32) throws(Errno) -> stat {
        var status = stat()
        try Errno.check { fstat(descriptor, &status) }
        return status
    }

    /// Whether anything has this name; a link counts, wherever it leads.
    package static func exists(_ path: String) -> Bool { (try? of(path, followsLinks: false)) != nil }

    /// A user's name, or number if there is no name.
    package static func userName(_ id: UInt32) -> String {
        getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? "#\(id)"
    }
}

extension stat {
    /// The kind of file: one of the `S_IF…` constants.
    package var kind: mode_t { st_mode & S_IFMT }
    /// The user that it belongs to.
    package var owner: uid_t { st_uid }
    /// Whether others than its owner and its group may use it.
    package var isOpenToEverybody: Bool { st_mode & 0o007 != 0 }
    package var isRegularFile: Bool { kind == S_IFREG }
    package var isFolder: Bool { kind == S_IFDIR }
    package var isLink: Bool { kind == S_IFLNK }
    /// How many bytes the file takes on the disk; holes take none.
    package var bytesOnDisk: Int { Int(st_blocks) * 512 }
    package var identity: FileIdentity { FileIdentity(self) }
}

/// Which file or folder a name or descriptor stands for. Two files that exist at once never share an identity, and an open
/// file keeps its own after it was deleted.
package struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let inode: ino_t

    /// The identity in what the system tells about a file.
    package init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }

    /// What a path leads to, links followed; `nil` if that is nothing.
    package init?(path: String) {
        guard let status = try? FileStatus.of(path) else { return nil }
        self.init(status)
    }

    /// An open file or folder.
    package init?(descriptor: Int32) {
        guard let status = try? FileStatus.of(descriptor: descriptor) else { return nil }
        self.init(status)
    }

    /// What a name in an open folder stands for; a link is itself.
    package init?(name: String, in folder: Int32) {
        guard let status = try? FileStatus.of(name, in: folder, followsLinks: false) else { return nil }
        self.init(status)
    }

    /// Whether a line of `/proc/locks` is about this file, whose place it writes as `08:01:1234`, the device in
    /// hexadecimal digits.
    package func isNamed(by place: some StringProtocol) -> Bool {
        let parts = place.split(separator: ":")
        guard parts.count == 3, let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16)
        else { return false }
        // As the C library takes the device's number apart.
        let ownMajor = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let ownMinor = device & 0xFF | (device >> 12) & ~0xFF
        return UInt(major) == ownMajor && UInt(minor) == ownMinor && UInt(parts[2]) == inode
    }
}
