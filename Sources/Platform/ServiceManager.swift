internal import Glibc

/// The program that started this one and wants to hear how it is doing, such as systemd. It speaks the protocol of
/// `sd_notify`: lines of `NAME=value` in one datagram to a socket that the environment names.
package struct ServiceManager: Sendable {
    /// The socket: an absolute path, or behind a `@` a name that is in no folder.
    private let socketName: String
    /// Within which time it wants a sign of life, again and again; `nil` if it does not watch.
    package let watchdog: Duration?

    /// - Parameter environment: of this process. There is no manager if it names no socket.
    package init?(environment: [String: String], processID: Int32 = getpid()) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@"),
            (2...ServiceManager.nameBytesMax).contains(name.utf8.count)
        else { return nil }
        socketName = name
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdog = isForUs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Sends what is to be told, if the manager takes it at once; a manager that hangs must not hang its services.
    ///
    /// - Returns: whether it was sent.
    @discardableResult
    package func tell(_ lines: [String]) -> Bool {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A line that came from elsewhere must not become two.
        let text = lines.map { $0.filter { !$0.isNewline } }.joined(separator: "\n")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(socketName.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT), $0, length)
            }
        }
        return sent == bytes.count
    }

    /// A socket's name has 108 bytes, a path one less for the zero at its end.
    private static let nameBytesMax = 107
}
