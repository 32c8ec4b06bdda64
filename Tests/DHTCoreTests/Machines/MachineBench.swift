import IPv8
import Kademlia

@testable import DHTCore

/// What a machine needs to work, without a node around it.
struct MachineBench {
    let key: PrivateKey
    let configuration: NodeConfiguration
    var turn: Turn
    var overlay: Overlay
    var requests: Requests
    private(set) var now = Instant(seconds: 1_700_000_000)

    init(
        listeningOn address: Address = Bench.address, _ adjust: (inout NodeConfiguration) -> Void = { _ in }
    ) throws {
        key = try PrivateKey.generate()
        let secret = TokenSecret(bytes: [UInt8](repeating: 7, count: 32), drawnAt: now)
        var configuration = NodeConfiguration(
            identity: key.publicKey, listenAddresses: [address], tokenSecrets: [secret], seed: 1)
        adjust(&configuration)
        self.configuration = configuration
        turn = Turn(configuration, at: now)
        overlay = Overlay(configuration, at: now)
        requests = Requests(configuration)
    }

    /// Lets time pass: another input begins.
    mutating func pass(_ duration: Duration) {
        now = now + duration
        var none: [Effect] = []
        turn.exchange(&none, at: now)
    }

    /// Has a node answer a ping, by which it becomes a contact.
    mutating func befriend(_ peer: Peer) {
        overlay.noteAnswer(from: peer.info, to: .ping, after: .milliseconds(1), &requests, &turn)
    }

    func packet(_ message: Message, of peer: Peer) throws -> Packet {
        try Packet(decoding: Packet.encode(message, signedBy: peer.key))
    }
}
