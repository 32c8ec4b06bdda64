import Glibc
import IPv8

/// Measures how many requests a second a running node answers: pings, finds, and durable stores.
///
///     tools/build && tools/build --product NodeBench
///     .build/release/bristlecone run --data ./bench-data --listen 127.0.0.1:8090 --no-bootstrap
///     .build/release/NodeBench 127.0.0.1:8090
///
/// All packets are signed before the clock starts, by as many peers as the node's flood limit asks for, so what is timed
/// is the node: it verifies each request, does what it asks, and signs the answer. The node and this program share the
/// machine's cores. A given number of requests is kept under way; a request that stays unanswered for a second counts
/// as lost.
@main
enum NodeBench {
    static let peerCount = 2500
    /// Below the 10 in 5 seconds that a node grants each peer.
    static let requestsPerPeer = 4
    static let underWay = 256

    static func main() throws {
        guard CommandLine.arguments.count == 2, let address = Address(CommandLine.arguments[1]) else {
            print("usage: NodeBench ADDRESS:PORT   (of a node on this machine)")
            exit(64)
        }
        guard address.host.isLoopback else {
            print("NodeBench loads nodes on this machine only; give a loopback address.")
            exit(64)
        }
        let load = try Load(to: address)
        let peers = try (0..<peerCount).map { _ in try PrivateKey.generate() }
        try run("ping", load, peers) { id, _ in .pingRequest(PingRequest(id: id)) }
        var tokens: [Int: Token] = [:]
        let target = Target(hashing: "bench")
        try run("find, no values", load, peers) { id, _ in
            .findRequest(FindRequest(id: id, lan: .none, target: target, wantsNodes: false))
        } answered: { peer, message in
            if case .findResponse(let response) = message { tokens[peer] = response.token }
        }
        try run("store, unsigned", load, peers) { id, peer in
            let value = [0] + Array("value \(peer) \(id.number)".utf8)
            return .storeRequest(
                StoreRequest(
                    id: id, token: tokens[peer] ?? Token(bits: .zero), target: Target(hashing: "\(id.number)"),
                    values: [value]))
        }
        try run("store, signed", load, peers) { id, peer in
            let entry = try Entry(data: Array("value".utf8), version: Version(id.number), signedBy: peers[peer])
            return .storeRequest(
                StoreRequest(
                    id: id, token: tokens[peer] ?? Token(bits: .zero), target: Target(hashing: "s\(id.number)"),
                    values: [entry.bytes]))
        }
        try run("find, one value", load, peers) { id, peer in
            .findRequest(
                FindRequest(
                    id: id, lan: .none, target: Target(hashing: "s\(id.number)"), wantsNodes: false))
        }
    }

    /// Signs all requests of a kind, sends them, and prints the result.
    static func run(
        _ name: String, _ load: Load, _ peers: [PrivateKey], message: (RequestID, Int) throws -> Message,
        answered: (Int, Message) -> Void = { _, _ in }
    ) throws {
        var packets: [[UInt8]] = []
        for round in 0..<requestsPerPeer {
            for (index, peer) in peers.enumerated() {
                let id = RequestID(UInt32(round * peers.count + index))
                packets.append(Packet.encode(try message(id, index), signedBy: peer))
            }
        }
        // Waits until the node's flood limit has forgotten the earlier requests.
        sleep(6)
        let result = load.run(packets, underWay: underWay) { number, message in
            answered(number % peers.count, message)
        }
        let rate = Int(Double(result.answered) / result.seconds)
        print("\(name): \(rate) a second (\(result.answered) answered, \(packets.count - result.answered) lost)")
    }
}
