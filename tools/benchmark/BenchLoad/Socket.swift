import Glibc
import IPv8

/// A UDP socket on a loopback address of its own that talks to one node, or to whoever asks.
final class Socket {
    let descriptor: CInt
    private var buffer = [UInt8](repeating: 0, count: Packet.byteCountMax)

    /// How much the system holds for us, either way: nothing may get lost here.
    private static let bufferBytes: CInt = 4 << 20
    private static let doNotWait = CInt(MSG_DONTWAIT)

    /// Binds a socket; `peer` is the one that it talks to.
    init(on host: UInt32, to peer: Address? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, descriptor < 1024 else { throw Socket.failure("make a socket") }
        for option in [SO_RCVBUF, SO_SNDBUF] {
            var bytes = Socket.bufferBytes
            setsockopt(descriptor, SOL_SOCKET, option, &bytes, socklen_t(MemoryLayout<CInt>.size))
        }
        guard Socket.with(host, 0, { bind(descriptor, $0, $1) }) == 0 else { throw Socket.failure("bind a socket") }
        guard let peer else { return }
        guard case .v4(let host) = peer.host, peer.host.isLoopback else {
            throw BenchError(description: "\(peer) is no IPv4 loopback address: only nodes on this machine are loaded.")
        }
        guard Socket.with(host, peer.port, { connect(descriptor, $0, $1) }) == 0 else {
            throw Socket.failure("reach \(peer)")
        }
    }

    deinit { close(descriptor) }

    /// The address that it is bound to.
    var address: Address? {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard status == 0 else { return nil }
        return Address(host: .v4(UInt32(bigEndian: name.sin_addr.s_addr)), port: UInt16(bigEndian: name.sin_port))
    }

    /// Sends a datagram to the peer; `false` if the system has no room for it now.
    func send(_ bytes: [UInt8]) throws -> Bool {
        if Glibc.send(descriptor, bytes, bytes.count, Socket.doNotWait) == bytes.count { return true }
        guard errno == EAGAIN || errno == ENOBUFS else { throw Socket.failure("send to the node; has it ended?") }
        return false
    }

    /// Hands over every datagram that has come.
    func drain(_ handle: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        try buffer.withUnsafeMutableBufferPointer { buffer in
            while true {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Socket.doNotWait)
                if count >= 0 {
                    try handle(UnsafeBufferPointer(rebasing: buffer[..<count]))
                } else if errno == EAGAIN {
                    return
                } else {
                    throw Socket.failure("receive from the node; has it ended?")
                }
            }
        }
    }

    static func failure(_ what: String) -> BenchError {
        BenchError(description: "Cannot \(what): \(String(cString: strerror(errno))).")
    }

    private static func with<Result>(
        _ host: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Waits for datagrams on many sockets. `pselect`, since it waits for less than a millisecond and Swift imports it.
struct Selection {
    private var wanted = fd_set()
    private var ready = fd_set()
    private var end: CInt = 0

    init(_ sockets: [Socket]) {
        for socket in sockets {
            Selection.withBits(of: &wanted) { $0[Int(socket.descriptor) / 8] |= 1 << (socket.descriptor % 8) }
            end = max(end, socket.descriptor + 1)
        }
    }

    /// Returns when something has come, or after the time; `false` if nothing has.
    mutating func wait(_ nanoseconds: UInt64) -> Bool {
        ready = wanted
        var time = Clocks.span(nanoseconds)
        return pselect(end, &ready, nil, nil, &time, nil) > 0
    }

    mutating func isReady(_ socket: Socket) -> Bool {
        Selection.withBits(of: &ready) { $0[Int(socket.descriptor) / 8] & 1 << (socket.descriptor % 8) != 0 }
    }

    /// An `fd_set` is a row of bits. Little-endian words of bits are bytes of bits in the same order.
    private static func withBits<Result>(
        of set: inout fd_set, _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeMutableBytes(of: &set, body)
    }
}
