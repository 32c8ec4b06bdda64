internal import DHTCore
internal import Glibc
internal import IPv8
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A bound UDP socket. SwiftNIO reads it; datagrams are sent past SwiftNIO, with a system call each.
///
/// SwiftNIO closes a socket when a datagram cannot be sent. But where to send is for peers to say, and the system
/// refuses some addresses (a broadcast address is `EACCES`, a network that is gone `ENETUNREACH`): one of them, or a
/// cable pulled out, would silence the node for good. Here a datagram that cannot be sent is one that got lost.
///
/// A socket that listens on all hosts of the machine is told which of them each datagram was sent to, and answers from there.
///
/// The system lets any thread send. A lock sees to it that nobody sends on a descriptor that SwiftNIO has closed, which
/// may be another file's by then.
final class DatagramSocket: Sendable {
    /// Where the socket is bound; the port is the one that it was given.
    let address: Address
    private let descriptor: CInt
    private let isOpen = Mutex(true)
    /// Datagrams that the system refused to send.
    private let refusals: SendRefusals
    fileprivate let traffic: TrafficMeter
    private let channel: any Channel

    /// How many datagrams one system call reads.
    private static let datagramsPerRead = 32
    /// How much the system holds for us while we are busy, either way.
    private static let bufferBytes: CInt = 4 << 20

    /// Binds a socket, which reads nothing until ``read(_:)``.
    ///
    /// - Parameters:
    ///   - broadcasts: whether it may send to all of a network at once.
    ///   - refusals: where datagrams are counted that the system does not send.
    ///   - traffic: where all others are counted, and those that come in.
    static func bind(
        _ address: Address, on eventLoop: any EventLoop, broadcasts: Bool = false, refusals: SendRefusals,
        traffic: TrafficMeter
    ) async throws -> DatagramSocket {
        let descriptor = try open(address, broadcasts: broadcasts)
        // Reading several datagrams at once needs room for several in one buffer: with the default one, each of them
        // would be cut to a few bytes, without an error.
        // Each has room for one byte more than the longest packet, so that what was cut shows by its length.
        let room = FixedSizeRecvByteBufferAllocator(capacity: datagramsPerRead * (Packet.byteCountMax + 1))
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: eventLoop)
                .channelOption(ChannelOptions.autoRead, value: false)
                .channelOption(ChannelOptions.datagramVectorReadMessageCount, value: datagramsPerRead)
                .channelOption(ChannelOptions.recvAllocator, value: room)
                .channelOption(ChannelOptions.receivePacketInfo, value: address.host.isUnspecified)
                .withBoundSocket(descriptor)
                .get()
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        let bound = channel.localAddress.flatMap(Address.init)
        return DatagramSocket(
            address: bound ?? address, descriptor: descriptor, channel: channel, refusals: refusals, traffic: traffic)
    }

    private init(
        address: Address, descriptor: CInt, channel: any Channel, refusals: SendRefusals, traffic: TrafficMeter
    ) {
        self.address = address
        self.descriptor = descriptor
        self.channel = channel
        self.refusals = refusals
        self.traffic = traffic
    }

    private static func open(_ address: Address, broadcasts: Bool) throws -> CInt {
        let kind = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family.systemFamily, kind, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        // Without this, a socket for all IPv6 addresses would take the IPv4 ones too.
        if address.family == .ipv6 { set(IPV6_V6ONLY, of: CInt(IPPROTO_IPV6), to: 1, on: descriptor) }
        if broadcasts { set(SO_BROADCAST, of: SOL_SOCKET, to: 1, on: descriptor) }
        set(SO_RCVBUF, of: SOL_SOCKET, to: bufferBytes, on: descriptor)
        set(SO_SNDBUF, of: SOL_SOCKET, to: bufferBytes, on: descriptor)
        guard address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
            let error = IOError(errnoCode: errno, reason: "bind")
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func set(_ option: CInt, of level: CInt, to value: CInt, on descriptor: CInt) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Sends a datagram. One that the system refuses is one that got lost, but it is counted.
    ///
    /// - Parameter host: which of the machine's hosts it leaves from; `nil` leaves the choice to the system.
    func send(_ bytes: [UInt8], to address: Address, from host: IPAddress? = nil) {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            if OutgoingDatagram.send(bytes, to: address, from: host, on: descriptor) < 0 {
                refusals.note(errno, sendingTo: address)
            } else {
                traffic.noteSent(bytes)
            }
        }
    }

    /// SwiftNIO is about to close the descriptor, or has. To be called before anybody else can be given it.
    fileprivate func noteClosed() { isOpen.withLock { $0 = false } }

    /// Begins to hand datagrams to the node. To be called on the event loop.
    func read(into loop: NodeLoop) throws {
        try channel.pipeline.syncOperations.addHandler(DatagramHandler(loop, self))
        channel.setOption(.autoRead, value: true).whenFailure { loop.noteSocketError($0) }
    }

    /// Closes the socket. Nobody may send any more.
    func close() async {
        noteClosed()
        try? await channel.close()
    }
}

/// Hands datagrams to the node, and tells it when a burst of them is over.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let loop: NodeLoop
    private let socket: DatagramSocket

    init(_ loop: NodeLoop, _ socket: DatagramSocket) {
        self.loop = loop
        self.socket = socket
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let source = Address(envelope.remoteAddress) else { return }
        let host = (envelope.metadata?.packetInfo?.destinationAddress).flatMap(Address.init)?.host
        let datagram = Array(envelope.data.readableBytesView)
        socket.traffic.noteReceived(datagram)
        loop.take(.datagramReceived(datagram, from: source, to: host))
    }

    func channelReadComplete(context: ChannelHandlerContext) { loop.flush() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { loop.noteSocketError(error) }

    func channelInactive(context: ChannelHandlerContext) {
        socket.noteClosed()
        loop.noteSocketClosed()
    }
}
