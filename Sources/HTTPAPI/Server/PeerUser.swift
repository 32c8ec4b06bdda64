internal import Glibc
internal import NIOCore
internal import Platform
internal import SystemPackage

/// The user of the process at the other end of a local socket, of which the system keeps account (`SO_PEERCRED`).
enum PeerUser {
    /// What the system tells: Linux's `struct ucred`.
    struct Credentials {
        var processID: Int32 = 0
        var user: UInt32 = .max
        var group: UInt32 = .max
    }

    /// The user at the other end of a connected socket.
    static func of(_ descriptor: Int32) throws(Errno) -> uid_t {
        var credentials = Credentials()
        var size = socklen_t(MemoryLayout<Credentials>.size)
        try Errno.check { getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) }
        return credentials.user
    }

    /// The user at the other end of a channel; `nil` if the system does not tell.
    static func of(_ channel: any Channel) async -> uid_t? {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        let peer: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED))
        return try? await peer.get().user
    }

    /// Whether a node serves a user: its own, and root.
    static func mayUseNode(_ user: uid_t?) -> Bool { user == geteuid() || user == 0 }

    /// Whether a user's node is believed: one of the same user, or of root. Root also believes the owner of the data
    /// folder, as whom a service runs. So does everybody who only reads: a request
    /// to read has no values in it.
    static func isTrusted(_ user: uid_t, in folder: borrowing OpenFolder, for access: Access) -> Bool {
        if user == geteuid() || user == 0 { return true }
        guard geteuid() == 0 || access == .read, let owner = try? folder.status(of: ".")?.owner else { return false }
        return owner == user
    }
}
