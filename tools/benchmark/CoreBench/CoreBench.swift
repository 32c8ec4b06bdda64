import DHTCore
import Glibc
import IPv8
import Kademlia
import Maintenance

/// Measures what one input costs a node's core, without sockets, signatures and disk.
///
///     tools/build --product CoreBench
///     .build/release/CoreBench [SECONDS]
///
/// A node with a full routing table is asked by its peers for pings, finds and stores, a hundred of them in a second of
/// virtual time, and keeps itself in the overlay meanwhile; then it is left alone with its timers. Each call of
/// `handle` is timed by itself. The median is what a call costs; where it is far below the mean, the machine was busy.
@main
enum CoreBench {
    static func main() throws {
        let seconds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 300
        var workbench = try Workbench(peerCount: 1500)
        try workbench.fillTable()
        print("\(workbench.contactCount) contacts")
        try workbench.serve(for: .seconds(seconds))
        workbench.report("asked 100 times a second for \(seconds) s")
        try workbench.idle(for: .seconds(seconds))
        workbench.report("left alone for \(seconds) s")
    }
}

/// A node's core and its surroundings.
struct Workbench {
    private var node: Node
    private var now = Instant(seconds: 1_700_000_000)
    private let peers: [(key: PrivateKey, address: Address)]
    private let numbers: [Address: Int]
    private var tokens: [Int: Token] = [:]
    private var samples: [String: [Int]] = [:]
    private var identifier: UInt32 = 0

    /// - Parameter peerCount: the number of peers, each in its own network.
    init(peerCount: Int) throws {
        let address = Address(host: .v4(0x0808_0808), port: 8090)
        node = Node(
            NodeConfiguration(identity: try PrivateKey.generate().publicKey, listenAddresses: [address], seed: 1),
            at: now)
        peers = try (0..<peerCount).map { number in
            (try PrivateKey.generate(), Address(host: .v4(0x1400_0001 + UInt32(number) << 8), port: 8090))
        }
        numbers = Dictionary(uniqueKeysWithValues: peers.enumerated().map { ($1.address, $0) })
    }

    var contactCount: Int { node.contacts.count }

    /// Makes every peer send a request once.
    mutating func fillTable() throws {
        try pass(to: now + .seconds(1))
        for number in peers.indices {
            try receive(.pingRequest(PingRequest(id: nextID())), from: number)
            try pass(to: now + .milliseconds(100))
        }
        samples = [:]
    }

    /// Makes the contacts send requests in turn.
    mutating func serve(for duration: Duration) throws {
        let end = now + duration
        let askers = node.contacts.compactMap { numbers[$0.node.address] }
        var turn = 0
        while now < end {
            let asker = askers[turn % askers.count]
            try receive(request(turn, from: asker), from: asker)
            turn += 1
            try pass(to: now + .milliseconds(10))
        }
    }

    /// Lets time pass.
    mutating func idle(for duration: Duration) throws { try pass(to: now + duration) }

    private mutating func request(_ turn: Int, from asker: Int) -> Message {
        let id = nextID()
        let target = Target(hashing: "\(turn % 1000)")
        guard turn % 3 > 0 else { return .pingRequest(PingRequest(id: id)) }
        guard turn % 3 > 1, let token = tokens[asker] else {
            return .findRequest(FindRequest(id: id, lan: .none, target: target, wantsNodes: turn % 2 == 0))
        }
        return .storeRequest(StoreRequest(id: id, token: token, target: target, values: [[0, 1, 2, 3]]))
    }

    private mutating func nextID() -> RequestID {
        identifier += 1
        return RequestID(identifier)
    }

    // MARK: Around the core

    private mutating func pass(to end: Instant) throws {
        while let wakeUp = node.nextWakeUp, wakeUp <= end {
            now = max(now, wakeUp)
            try give(.timerFired, "timer")
        }
        now = end
    }

    private mutating func receive(_ message: Message, from number: Int) throws {
        let bytes = Packet.encode(message, signedBy: peers[number].key)
        try give(.datagramReceived(bytes, from: peers[number].address), "datagram \(Workbench.name(of: message))")
    }

    private mutating func give(_ input: Input, _ name: String) throws {
        var effects: [Effect] = []
        let start = Workbench.clock()
        node.handle(input, at: now, into: &effects)
        let end = Workbench.clock()
        samples[name, default: []].append(end - start)
        for effect in effects { try carryOut(effect) }
    }

    private mutating func carryOut(_ effect: Effect) throws {
        switch effect {
        case .verify(let id, let packet, let entries):
            let verdict = SignatureVerdict(
                packetIsAuthentic: true, entriesAreAuthentic: Array(repeating: true, count: entries.count))
            try give(.signaturesChecked(id, verdict), "checked \(Workbench.name(of: packet.message))")
        case .load(let id, _, _, _): try give(.entriesLoaded(id, []), "loaded")
        case .commit(let id, _): try give(.commitCompleted(id, .held), "committed")
        case .listDueKeys(let id, _):
            try give(.dueKeysListed(id, DueKeys(keys: [], total: 0, kept: 0, nextDue: nil)), "listed")
        case .drawTokenSecret: try give(.tokenSecretDrawn([UInt8](repeating: 7, count: 32)), "secret")
        case .send(let message, let address, _): try answer(message, at: address)
        case .loadRepublishable, .refresh, .noteRepublication, .saveJobs, .saveTokenSecrets, .saveContacts,
            .callLocalNetwork, .emit:
            return
        }
    }

    private mutating func answer(_ message: Message, at address: Address) throws {
        guard let number = numbers[address] else { return }
        switch message {
        case .pingRequest(let request): try receive(.pingResponse(PingResponse(id: request.id)), from: number)
        case .findRequest(let request):
            try receive(.findResponse(FindResponse(id: request.id, token: Token(bits: .zero))), from: number)
        case .storeRequest(let request): try receive(.storeResponse(StoreResponse(id: request.id)), from: number)
        case .storePeerRequest(let request):
            try receive(.storePeerResponse(StorePeerResponse(id: request.id)), from: number)
        case .findResponse(let response): tokens[number] = response.token
        default: return
        }
    }

    private static func name(of message: Message) -> String {
        switch message {
        case .pingRequest: "ping"
        case .findRequest: "find"
        case .storeRequest: "store"
        case .pingResponse, .findResponse, .storeResponse, .storePeerResponse: "answer"
        default: "other"
        }
    }

    private static func clock() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Prints what has been measured since the last report.
    mutating func report(_ title: String) {
        print("\(title):")
        for (name, times) in samples.sorted(by: { $0.key < $1.key }) {
            let mean = times.reduce(0, +) / times.count
            print("  \(name): median \(times.sorted()[times.count / 2]) ns, mean \(mean) ns, \(times.count) calls")
        }
        samples = [:]
    }
}
