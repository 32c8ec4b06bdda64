internal import DHTCore
internal import Glibc
internal import IPv8
internal import NIOCore
internal import NIOPosix

/// Binds UDP sockets as the node needs them.
enum DatagramSocket {
    /// How many datagrams one system call reads.
    private static let datagramsPerRead = 32
    /// How much the kernel holds for us while we are busy.
    private static let receiveBufferBytes = 4 << 20

    /// Opens a socket that reads nothing until it is told to.
    ///
    /// Reading several datagrams at once needs room for several in one buffer: with the default one, each of them would
    /// be cut to a few bytes, without an error.
    static func bind(_ address: Address, on eventLoop: any EventLoop) async throws -> any Channel {
        let room = FixedSizeRecvByteBufferAllocator(capacity: datagramsPerRead * Packet.byteCountMax)
        var bootstrap = DatagramBootstrap(group: eventLoop)
            .channelOption(ChannelOptions.autoRead, value: false)
            .channelOption(ChannelOptions.datagramVectorReadMessageCount, value: datagramsPerRead)
            .channelOption(ChannelOptions.recvAllocator, value: room)
            .channelOption(ChannelOptions.socketOption(.so_rcvbuf), value: receiveBufferBytes)
        if address.family == .ipv6 {
            bootstrap = bootstrap.channelOption(
                ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
        }
        return try await bootstrap.bind(to: try SocketAddress(address)).get()
    }
}

extension SocketAddress {
    /// SwiftNIO's form of an address.
    init(_ address: Address) throws {
        try self.init(packedIPAddress: ByteBuffer(bytes: address.host.bytes), port: Int(address.port))
    }
}

extension Address {
    /// Our form of an address of SwiftNIO's; `nil` for a Unix socket.
    init?(_ address: SocketAddress) {
        guard let read = address.withSockAddr({ Address(socketAddress: $0, byteCount: $1) }) else { return nil }
        self = read
    }

    /// Our form of an address of the system's; `nil` where it is of another family than the two.
    ///
    /// Both `sockaddr_in` and `sockaddr_in6` begin with two bytes for the family and two for the port. The address
    /// follows, in `sockaddr_in6` behind four more bytes.
    init?(socketAddress: UnsafePointer<sockaddr>, byteCount: Int) {
        let bytes = UnsafeRawBufferPointer(start: socketAddress, count: byteCount)
        guard byteCount >= MemoryLayout<sockaddr_in>.size else { return nil }
        let port = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        switch Int32(socketAddress.pointee.sa_family) {
        case AF_INET:
            let host = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            self.init(host: .v4(host), port: port)
        case AF_INET6 where byteCount >= MemoryLayout<sockaddr_in6>.size:
            let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            self.init(host: .v6(high, low), port: port)
        default:
            return nil
        }
    }
}

/// Hands datagrams to the node, and tells it when a burst of them is over.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let loop: NodeLoop

    init(_ loop: NodeLoop) { self.loop = loop }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = Address(envelope.remoteAddress) else { return }
        loop.take(.datagramReceived(Array(envelope.data.readableBytesView), from: source))
    }

    func channelReadComplete(context: ChannelHandlerContext) { loop.flush() }

    /// A failed read is a matter of one datagram, never of the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { loop.noteSocketError(error) }
}
