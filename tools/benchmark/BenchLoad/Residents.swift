import Glibc
import IPv8

/// Peers that a node can have as contacts: each has an address of its own and answers what it is asked, with nothing.
///
/// Without them a node would know nobody, and a find would bring no nodes.
final class Residents {
    let sockets: [Socket]
    private let keys: [PrivateKey]
    private let node: Address
    /// When the pings were sent that have not been answered.
    private var pingedAt: [UInt32: UInt64] = [:]
    private var pingCount: UInt32 = 0
    /// How long the node took to answer pings, in nanoseconds.
    private var latencies: [UInt64] = []

    /// As many as a find brings. Nodes serve a value for a shorter time the more of their contacts are closer to its key: with
    /// eight it is half an hour at least, with twenty it may be less than a second.
    static let count = 8
    /// The numbers of pings come after those of the greetings.
    private static let firstPing: UInt32 = 1000

    init(of node: Address, hosts: some Sequence<UInt32>) throws {
        self.node = node
        sockets = try hosts.prefix(Residents.count).map { try Socket(on: $0, to: node) }
        keys = try sockets.map { _ in try PrivateKey.generate() }
    }

    /// Makes themselves known to the node.
    func greet() throws {
        for (number, (socket, key)) in zip(sockets, keys).enumerated() {
            _ = try socket.send(
                Packet.encode(.pingRequest(PingRequest(id: RequestID(UInt32(number)))), signedBy: key))
        }
    }

    /// Pings the node; one of them does, and the next one the next time.
    func ping(at now: UInt64) throws {
        let number = Residents.firstPing + pingCount
        let turn = Int(pingCount) % sockets.count
        pingCount += 1
        let ping = Packet.encode(.pingRequest(PingRequest(id: RequestID(number))), signedBy: keys[turn])
        if try sockets[turn].send(ping) { pingedAt[number] = now }
    }

    /// What came of the pings since it was asked the last time.
    func takePings() -> ContactPings {
        let (unanswered, times) = (pingedAt.count, latencies)
        pingedAt = [:]
        latencies = []
        return ContactPings(asked: unanswered + times.count, answered: times.count, latency: Percentiles(times))
    }

    /// Answers what has come.
    func answer() throws {
        for (socket, key) in zip(sockets, keys) {
            try socket.drain { datagram in
                guard let packet = try? Packet(decoding: Array(datagram)) else { return }
                if case .pingResponse(let response) = packet.message {
                    guard let sent = pingedAt.removeValue(forKey: response.id.number) else { return }
                    latencies.append(Clocks.now() - sent)
                }
                guard let answer = answer(to: packet.message, at: socket) else { return }
                _ = try socket.send(Packet.encode(answer, signedBy: key))
            }
        }
    }

    private func answer(to message: Message, at socket: Socket) -> Message? {
        switch message {
        case .pingRequest(let request): .pingResponse(PingResponse(id: request.id))
        case .storeRequest(let request): .storeResponse(StoreResponse(id: request.id))
        case .findRequest(let request): .findResponse(FindResponse(id: request.id, token: Token(bits: .zero)))
        case .storePeerRequest(let request): .storePeerResponse(StorePeerResponse(id: request.id))
        case .connectPeerRequest(let request): .connectPeerResponse(ConnectPeerResponse(id: request.id, nodes: []))
        case .introductionRequest(let request): socket.address.map { introduction(for: request, from: $0) }
        case .pingResponse, .storeResponse, .findResponse, .storePeerResponse, .connectPeerResponse,
            .introductionResponse, .puncture, .punctureRequest:
            nil
        }
    }

    /// Tells the node its address and introduces nobody.
    private func introduction(for request: IntroductionRequest, from address: Address) -> Message {
        .introductionResponse(
            IntroductionResponse(
                style: request.style, globalTime: request.globalTime, destination: node, sourceLAN: address,
                sourceWAN: address, introducedLAN: .none, introducedWAN: .none, flags: [],
                identifier: request.identifier))
    }
}
