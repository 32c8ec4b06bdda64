import IPv8
import Kademlia
import Testing

@testable import DHTCore

/// A node on a workbench: the test is its network, its disk and its clock.
struct Bench {
    var node: Node
    var now = Instant(seconds: 1_700_000_000)
    let key: PrivateKey
    let verifier = SignatureVerifier()
    private var idCount: UInt32 = 1000

    static let address = Address(host: .v4(0x7F01_0001), port: 8090)

    init(
        listeningOn address: Address = Bench.address, contacts: [Contact] = [], peers: [Address] = [],
        _ adjust: (inout NodeConfiguration) -> Void = { _ in }
    ) throws {
        key = try PrivateKey.generate()
        let secret = TokenSecret(bytes: [UInt8](repeating: 7, count: 32), drawnAt: now)
        var configuration = NodeConfiguration(
            identity: key.publicKey, listenAddresses: [address], peers: peers, contacts: contacts,
            tokenSecrets: [secret], seed: 1)
        adjust(&configuration)
        node = Node(configuration, at: now)
    }

    /// Keeps the node from looking for neighbours and for nodes to remember it, where a test is about something else.
    mutating func leaveNeighboursAlone() {
        node.peersByKey.holdersAreSought(at: Instant(nanoseconds: .max))
        node.overlay.ownIDsSought = Set(node.endpoints.map(\.nodeID))
    }

    /// A number that no request of a peer's has had: the very same request twice would be taken for a replay.
    mutating func freshID() -> RequestID {
        idCount += 1
        return RequestID(idCount)
    }

    /// Gives the node an input and returns what it wants done.
    mutating func give(_ input: Input) -> [Effect] {
        var effects: [Effect] = []
        node.handle(input, at: now, into: &effects)
        return effects
    }

    /// Has a peer send a message, checks the signatures as asked, and returns what the node wants done after that.
    mutating func receive(_ message: Message, from peer: Peer) throws -> [Effect] {
        try receive(bytes: Packet.encode(message, signedBy: peer.key), from: peer.address)
    }

    mutating func receive(bytes: [UInt8], from address: Address, to host: IPAddress? = nil) throws -> [Effect] {
        let effects = give(.datagramReceived(bytes, from: address, to: host))
        guard case .verify(let id, let packet, let entries)? = effects.first else { return effects }
        return effects.dropFirst()
            + give(
                .signaturesChecked(
                    id,
                    SignatureVerdict(
                        packetIsAuthentic: packet.isAuthentic(accordingTo: verifier),
                        entriesAreAuthentic: entries.map { $0.isAuthentic(accordingTo: verifier) })))
    }

    /// Lets time pass, with the node's timer, and returns all that it wants done.
    mutating func pass(_ duration: Duration) -> [Effect] {
        let end = now + duration
        var effects: [Effect] = []
        while let wakeUp = node.nextWakeUp, wakeUp <= end {
            now = max(now, wakeUp)
            effects += give(.timerFired)
        }
        now = end
        return effects
    }

    /// Has a peer ask, be asked back, if the table has room for it, and answer.
    mutating func meet(_ peer: Peer) throws {
        let effects = try receive(.pingRequest(PingRequest(id: freshID())), from: peer)
        guard let ping = effects.pings(to: peer.address).first else { return }
        _ = try receive(.pingResponse(PingResponse(id: ping)), from: peer)
    }

    /// Has peers become contacts until the node wants no more. Returns all that asked.
    mutating func meetAsManyAsWanted() throws -> [Peer] {
        var peers: [Peer] = []
        while node.contacts.count < Walker.contactsWanted {
            let peer = try Peer(peers.count + 1)
            try meet(peer)
            now = now + .milliseconds(100)
            peers.append(peer)
        }
        return peers
    }

    /// Makes a peer a contact.
    mutating func befriend(_ peer: Peer) throws {
        try meet(peer)
        #expect(node.contacts.contains { $0.node == peer.info })
    }

    /// The token that the node gives a peer.
    mutating func token(for peer: Peer) throws -> Token {
        let request = FindRequest(id: freshID(), lan: .none, target: Target(hashing: "any"), wantsNodes: true)
        let effects = try receive(.findRequest(request), from: peer)
        return try #require(effects.findResponses(to: peer.address).first).token
    }
}

/// Somebody on the other side of the network.
struct Peer {
    let key: PrivateKey
    let address: Address

    init(_ number: Int, level: KeyLevel = .curve25519) throws {
        key = try PrivateKey.generate(level)
        address = Address(host: .v4(UInt32(0x7F02_0000 + number)), port: 8090)
    }

    init(key: PrivateKey, address: Address) {
        self.key = key
        self.address = address
    }

    var info: NodeInfo { NodeInfo(address: address, publicKey: key.publicKey) }
}

extension [Effect] {
    /// The messages that go to an address.
    func messages(to address: Address) -> [Message] {
        compactMap { effect in
            if case .send(let message, let to, _) = effect, to == address { message } else { nil }
        }
    }

    /// All messages, wherever they go.
    var messages: [Message] {
        compactMap { effect in if case .send(let message, _, _) = effect { message } else { nil } }
    }

    func pings(to address: Address) -> [RequestID] {
        messages(to: address).compactMap { message in
            if case .pingRequest(let request) = message { request.id } else { nil }
        }
    }

    func finds(to address: Address) -> [FindRequest] {
        messages(to: address).compactMap { message in
            if case .findRequest(let request) = message { request } else { nil }
        }
    }

    func stores(to address: Address) -> [StoreRequest] {
        messages(to: address).compactMap { message in
            if case .storeRequest(let request) = message { request } else { nil }
        }
    }

    func findResponses(to address: Address) -> [FindResponse] {
        messages(to: address).compactMap { message in
            if case .findResponse(let response) = message { response } else { nil }
        }
    }

    var commits: [(WorkID, StoreChange)] {
        compactMap { effect in if case .commit(let id, let intent) = effect { (id, intent) } else { nil } }
    }

    var loads: [(id: WorkID, target: Target, offset: Int, limit: Int)] {
        compactMap { effect in
            if case .load(let id, let target, let offset, let limit) = effect {
                (id, target, offset, limit)
            } else {
                nil
            }
        }
    }

    var outcomes: [CommandOutcome] {
        compactMap { effect in
            if case .emit(.commandCompleted(_, let outcome)) = effect { outcome } else { nil }
        }
    }
}
