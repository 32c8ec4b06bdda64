internal import Glibc

/// Which file or folder a name or descriptor stands for. Two files that exist at once never share an identity, and an
/// open file keeps its own after it was deleted.
package struct FileIdentity: Hashable, Sendable {
    private let device: dev_t
    private let inode: ino_t

    /// The identity in what the system tells about a file.
    init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }

    /// What a path leads to, links followed; `nil` if that is nothing.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// An open file or folder.
    package init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// What a name in an open folder stands for; a link is itself.
    package init?(name: String, in folder: Int32) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    /// Whether a line of `/proc/locks` is about this file, whose place it writes as `08:01:1234`, the device in
    /// hexadecimal digits.
    func isNamed(by place: some StringProtocol) -> Bool {
        let parts = place.split(separator: ":")
        guard parts.count == 3, let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16)
        else { return false }
        // As the C library takes the device's number apart.
        let ownMajor = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let ownMinor = device & 0xFF | (device >> 12) & ~0xFF
        return UInt(major) == ownMajor && UInt(minor) == ownMinor && UInt(parts[2]) == inode
    }
}

/// An open file or folder, closed when this value goes.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Opens a path, relative to a folder that is open or to the current one; `nil` if the system refuses, and `errno`
    /// says why.
    init?(_ path: String, in folder: Int32 = AT_FDCWD, flags: Int32, permissions: mode_t = 0) {
        let opened = openat(folder, path, flags | O_CLOEXEC, permissions)
        // Before there is anything to close, which would change `errno`.
        guard opened >= 0 else { return nil }
        number = opened
    }

    deinit { close(number) }
}
