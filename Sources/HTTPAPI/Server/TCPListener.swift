internal import IPv8
internal import NIOCore
internal import NIOPosix

/// A TCP address that HTTP is served on.
final class TCPListener: Sendable {
    /// Where it really listens: port 0 has become a free one.
    let address: Address
    private let channel: any Channel

    private static let backlog: Int32 = 256

    private init(_ address: Address, _ channel: any Channel) {
        self.address = address
        self.channel = channel
    }

    static func bind(
        _ address: Address, _ server: ConnectionServer, on threads: BackgroundThreads
    ) async throws(ControlSocketError) -> TCPListener {
        do {
            let channel = try await AcceptPause.bootstrap(threads.group)
                .serverChannelOption(.backlog, value: backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in server.take(channel, through: .tcp, on: threads) }
                .bind(host: address.hostText, port: Int(address.port)).get()
            let port = UInt16(clamping: channel.localAddress?.port ?? Int(address.port))
            return TCPListener(Address(host: address.host, port: port), channel)
        } catch {
            throw .cannotListen(address, reason: (error as? IOError)?.reasonText ?? "\(error)")
        }
    }

    func close() async { try? await channel.close() }
}

extension IOError {
    fileprivate var reasonText: String { String(cString: strerror(errnoCode)) }
}

extension Address {
    /// The host without port and brackets.
    fileprivate var hostText: String {
        let text = description
        let host = text.lastIndex(of: ":").map { String(text[..<$0]) } ?? text
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }
}
