internal import IPv8
internal import Maintenance

/// The time, the effects and the counters of the input that is being handled.
///
/// Every machine gets it to work with, so it also holds what has to be one sequence for all of them: random numbers, serial
/// numbers, the schedule, and the work that the shell has been asked for.
struct Turn: Sendable {
    private(set) var now: Instant
    private(set) var effects: [Effect] = []
    var counters = Counters()
    /// When the request arrived that is being answered in this turn.
    var requestArrivedAt = Instant.distantPast
    var generator: RandomNumbers
    var sockets: Sockets
    var schedule = Schedule<Job>()
    private var continuations = Continuations()
    private var serial: UInt64 = 0
    private var globalTime: UInt64 = 0
    private var pinged: [NodeInfo] = []

    init(_ configuration: NodeConfiguration, at now: Instant) {
        self.now = now
        generator = RandomNumbers(seed: configuration.seed)
        sockets = Sockets(configuration)
    }

    /// Begins or ends an input: the effects of the caller take the place of those here, and the other way round.
    mutating func exchange(_ effects: inout [Effect], at now: Instant) {
        self.now = now
        swap(&self.effects, &effects)
    }

    // MARK: Effects

    /// Asks the shell for something.
    mutating func append(_ effect: Effect) { effects.append(effect) }

    /// Sends a message to a peer from the host that the peer found us at, if its address can be reached.
    mutating func send(_ message: Message, to peer: NodeInfo) {
        send(message, to: peer.address, from: sockets.host(for: peer))
    }

    /// Sends a message from one of our hosts, if its address can be reached.
    mutating func send(_ message: Message, to address: Address, from host: IPAddress?) {
        guard sockets.reach(address) else { return }
        counters.sent[message.kind.rawValue, default: 0] += 1
        effects.append(.send(message, to: address, from: host))
    }

    mutating func complete(_ command: CommandID, _ outcome: CommandOutcome) {
        effects.append(.emit(.commandCompleted(command, outcome)))
    }

    /// Notes that a request is dealt with.
    mutating func noteHandled(_ kind: MessageKind, arrivedAt: Instant) {
        counters.handled[kind.rawValue, default: DurationCounts()].add(now - arrivedAt)
    }

    mutating func drop(_ reason: DropReason) { counters.dropped[reason, default: 0] += 1 }
    mutating func drop(_ refusal: DropReason.Refusal) { drop(.refused(refusal)) }

    // MARK: Work that the shell does

    /// How many checks, reads and commits are under way.
    var workCount: Int { continuations.count }

    /// Notes what follows a check; `nil` if too much work is under way. The same holds for the other kinds of work.
    mutating func begin(_ check: Continuations.Check, in lane: Lane) -> WorkID? {
        guard let id = claimWork(in: lane) else { return nil }
        continuations.checks[id] = check
        return id
    }

    mutating func begin(_ read: Continuations.Read, in lane: Lane = .known) -> WorkID? {
        guard let id = claimWork(in: lane) else { return nil }
        continuations.reads[id] = read
        return id
    }

    mutating func begin(_ commit: Continuations.Commit, in lane: Lane = .known) -> WorkID? {
        guard let id = claimWork(in: lane) else { return nil }
        continuations.commits[id] = commit
        return id
    }

    mutating func begin(_ listing: Continuations.Listing) -> WorkID? {
        guard let id = claimWork(in: .known) else { return nil }
        continuations.listings[id] = listing
        return id
    }

    mutating func begin(_ load: Continuations.Load) -> WorkID? {
        guard let id = claimWork(in: .known) else { return nil }
        continuations.loads[id] = load
        return id
    }

    mutating func takeCheck(_ id: WorkID) -> Continuations.Check? { continuations.checks.removeValue(forKey: id) }
    mutating func takeRead(_ id: WorkID) -> Continuations.Read? { continuations.reads.removeValue(forKey: id) }
    mutating func takeCommit(_ id: WorkID) -> Continuations.Commit? { continuations.commits.removeValue(forKey: id) }
    mutating func takeListing(_ id: WorkID) -> Continuations.Listing? { continuations.listings.removeValue(forKey: id) }
    mutating func takeLoad(_ id: WorkID) -> Continuations.Load? { continuations.loads.removeValue(forKey: id) }

    private mutating func claimWork(in lane: Lane) -> WorkID? {
        continuations.count < Continuations.countMax ? WorkID(claimSerial(), in: lane) : nil
    }

    // MARK: Sequences

    /// A number that nothing else in this node has.
    mutating func claimActivityID() -> ActivityID { ActivityID(number: claimSerial()) }

    private mutating func claimSerial() -> UInt64 {
        serial += 1
        return serial
    }

    /// The last value of the counter that introductions and punctures carry.
    var lastGlobalTime: UInt64 { globalTime }

    /// The next value of the counter that introductions and punctures carry.
    mutating func claimGlobalTime() -> UInt64 {
        globalTime += 1
        return globalTime
    }

    // MARK: Pings

    /// Notes that a node was sent a ping. If it remembers where we are, it takes any ping for a sign of life.
    mutating func notePing(to node: NodeInfo) { pinged.append(node) }

    /// The nodes that were sent a ping since this was last asked.
    mutating func takePinged() -> [NodeInfo] {
        guard !pinged.isEmpty else { return [] }
        defer { pinged.removeAll(keepingCapacity: true) }
        return pinged
    }
}

/// Names a search, a publication, a connection or an arc that is under way.
struct ActivityID: Hashable, Sendable {
    let number: UInt64
}
