import Glibc
import IPv8

/// A node under load, and what the load knows about it: who has asked when, the tokens, what has been stored there.
final class Subject {
    let node: Instructions.Node
    let clock: clockid_t
    /// What the load is sent from. All peers share one address, so their node ids lie close together: py-ipv8 takes senders
    /// into its routing table, and spread out they would fill it and make each of its finds dearer.
    let socket: Socket
    let residents: Residents
    /// The permissions to store that its peers were given, and when.
    private var tokens: [Token?]
    private var tokensAt: [UInt64]
    /// Under which keys it has stored one value each.
    private(set) var storedTargets: [Target] = []
    private var targetsMade = 0

    private let identities: Identities
    private var nextID: UInt32 = 1
    private var nextIdentity = 0
    /// When each peer asked the last ``requestsPerPeerMax`` times, in a ring.
    private var askedAt: [UInt64]
    private var askedCounts: [Int]

    /// Below the ten requests in five seconds that both nodes allow a peer.
    static let requestsPerPeerMax = 8
    private static let interval: UInt64 = 5_200_000_000
    /// Nodes take a token for five minutes at least.
    private static let tokenAgeMax: UInt64 = 200_000_000_000
    private static let storedTargetsMax = 100_000

    /// - Parameter index: tells the subjects' addresses apart.
    init(_ node: Instructions.Node, index: Int, identities: Identities) throws {
        guard let address = Address(node.address) else {
            throw BenchError(description: "'\(node.address)' is no address with a port.")
        }
        self.node = node
        self.identities = identities
        clock = try Clocks.ofProcess(node.pid)
        socket = try Socket(on: Subject.host(index * 100), to: address)
        residents = try Residents(of: address, hosts: (1...).lazy.map { Subject.host(index * 100 + $0) })
        tokens = Array(repeating: nil, count: identities.keys.count)
        tokensAt = Array(repeating: 0, count: identities.keys.count)
        askedAt = Array(repeating: 0, count: identities.keys.count * Subject.requestsPerPeerMax)
        askedCounts = Array(repeating: 0, count: identities.keys.count)
    }

    /// Loopback addresses whose node ids lie apart: those bits of an address differ that a node id is made of.
    private static func host(_ index: Int) -> UInt32 {
        let place = 1 + index * 7919
        return 0x7F00_0000 | UInt32(1 + place % 14) << 16 | UInt32(place / 14 % 64) << 8 | UInt32(1 + place / 896 % 254)
    }

    // MARK: Requests

    /// A request, signed and ready to be sent.
    struct Request {
        let bytes: [UInt8]
        let identity: Int
        /// The number that its answer comes back under.
        let id: UInt32
        /// The key that it stores under.
        let target: Target?
    }

    /// The peers that ask next.
    func nextIdentities(_ count: Int) -> [Int] {
        (nextIdentity..<nextIdentity + count).map { $0 % identities.keys.count }
    }

    /// Requests by the peers that are next.
    func requests(_ kind: RequestKind, _ count: Int, version: Version, idle: () throws -> Void) throws -> [Request] {
        let askers = nextIdentities(count)
        nextIdentity = (nextIdentity + count) % identities.keys.count
        return try askers.enumerated().map { position, asker in
            // Those who wait for the load must not take it for dead.
            if position % 512 == 511 { try idle() }
            return try request(kind, by: asker, position, version)
        }
    }

    /// Requests for tokens by those of the next peers who have none. They ask for nodes, as a store's lookup does.
    func tokenRequests(_ count: Int) -> [Request] {
        let now = Clocks.now()
        return Set(nextIdentities(count)).sorted().filter { asker in
            tokens[asker] == nil || now - tokensAt[asker] > Subject.tokenAgeMax
        }.map { asker in
            let id = takeID(for: .findNothing)
            let find = FindRequest(id: id, lan: .none, target: freshTarget(), wantsNodes: true)
            return request(.findRequest(find), id, by: asker)
        }
    }

    private func request(_ kind: RequestKind, by asker: Int, _ position: Int, _ version: Version) throws -> Request {
        let id = takeID(for: kind)
        switch kind {
        case .ping:
            return request(.pingRequest(PingRequest(id: id)), id, by: asker)
        case .findNothing:
            let find = FindRequest(id: id, lan: .none, target: freshTarget(), wantsNodes: false)
            return request(.findRequest(find), id, by: asker)
        case .findValue:
            guard !storedTargets.isEmpty else {
                throw BenchError(description: "\(node.name) has stored nothing that could be found.")
            }
            // A stride that visits all keys in an order that is none.
            let target = storedTargets[position * 7919 % storedTargets.count]
            let find = FindRequest(id: id, lan: .none, target: target, wantsNodes: false)
            return request(.findRequest(find), id, by: asker)
        case .storeUnsigned, .storeSigned:
            let target = freshTarget()
            let entry =
                kind == .storeSigned
                ? try Entry(data: identities.signedData, version: version, signedBy: identities.keys[asker])
                : try Entry(unsigned: identities.unsignedData)
            let store = StoreRequest(
                id: id, token: tokens[asker] ?? Token(bits: .zero), target: target, values: [entry.bytes])
            return request(.storeRequest(store), id, by: asker, target: target)
        }
    }

    private func request(_ message: Message, _ id: RequestID, by asker: Int, target: Target? = nil) -> Request {
        Request(
            bytes: Packet.encode(message, signedBy: identities.keys[asker]), identity: asker, id: id.number,
            target: target)
    }

    /// Finds have numbers of 16 bits. Pings need more: nodes drop a packet that they have seen in the last ten seconds.
    private func takeID(for kind: RequestKind) -> RequestID {
        nextID &+= 1
        return RequestID(kind.isFind ? nextID & RequestID.requestMax : nextID)
    }

    private func freshTarget() -> Target {
        targetsMade += 1
        return Target(hashing: "\(identities.name) \(node.name) \(targetsMade)")
    }

    // MARK: What has happened

    /// When a peer may ask again, in nanoseconds.
    func mayAsk(_ identity: Int) -> UInt64 {
        guard node.isNode, askedCounts[identity] >= Subject.requestsPerPeerMax else { return 0 }
        return askedAt[place(identity)] + Subject.interval
    }

    func noteAsked(by identity: Int, at now: UInt64) {
        askedAt[place(identity)] = now
        askedCounts[identity] += 1
    }

    private func place(_ identity: Int) -> Int {
        identity * Subject.requestsPerPeerMax + askedCounts[identity] % Subject.requestsPerPeerMax
    }

    func note(_ token: Token, of identity: Int, at now: UInt64) {
        tokens[identity] = token
        tokensAt[identity] = now
    }

    func noteStored(_ target: Target) {
        if storedTargets.count < Subject.storedTargetsMax { storedTargets.append(target) }
    }
}

/// The peers that ask, the same ones for each node.
struct Identities {
    let keys: [PrivateKey]
    /// Different in each run, so that no run finds what another one stored.
    let name: String
    /// What is stored: entries of the same length, signed or not.
    let signedData: [UInt8]
    let unsignedData: [UInt8]

    /// What a signed entry leaves for its data.
    private static let signedByteCount = 23

    init(count: Int) throws {
        keys = try (0..<count).map { _ in try PrivateKey.generate() }
        name = keys[0].publicKey.mid.description
        signedData = Array(repeating: 0x2A, count: Identities.signedByteCount)
        unsignedData = Array(repeating: 0x2A, count: Entry.byteCountMax - 1)
    }
}
