package import DHTCore
package import IPv8
internal import Kademlia

/// A model of the reference's node (py-ipv8's `DHTDiscoveryCommunity` with its default walkers), to compare our nodes
/// with it and to mix both.
///
/// It has no disk, so a restarted one has nothing. It follows docs/protocol.md and the reference's behaviour over IPv4,
/// including its weaknesses: refreshes that search in the wrong place, no republishing, values that are served past
/// their age until the hourly sweep, and stores on silent nodes. It does not model failures on malformed input, and
/// IPv6.
package final class ReferenceNode: CommandTaker {
    package let identity: Identity
    /// Its values.
    package internal(set) var store = ReferenceStore()

    let address: Address
    let peers: [Address]
    let signatures: Signatures
    private let firstSweepAfter: Duration
    let verifier = SignatureVerifier()

    /// Its external address, once somebody has reported it.
    var wan: Address?
    var table: ReferenceTable?
    var pending: [RequestKey: PendingRequest] = [:]
    /// The tokens that others gave.
    var tokens: [NodeID: (token: Token, givenAt: Instant)] = [:]
    /// The secrets of its own tokens, the newest last.
    var secrets: [[UInt8]] = []
    /// The records of peers that are stored here.
    var peersKept: [Mid: [ReferenceContact]] = [:]
    /// The nodes that store its own record.
    var keepers: [ReferenceContact] = []
    var walk = ReferenceWalk()
    /// Prefix lengths of the buckets that are left to refresh in this round, and their numbers.
    var refreshesLeft: [(number: Int, prefixLength: Int)] = []
    var refreshBegan = Instant.distantPast
    var globalTime: UInt64 = 0

    var timers = EventQueue<Timer>()
    private var startedAt: Instant?
    private var stepAt: Instant?

    /// The recurring steps.
    enum Timer {
        case timeOut(RequestKey)
        case step
        case tokens
        case refresh
        case sweep
        case ownRecord
        case pingKeepers
    }

    /// The time from one step to the next.
    private static let stepInterval: Duration = .milliseconds(500)
    /// How often token secrets change.
    private static let secretInterval: Duration = .seconds(300)
    /// How often expired values are removed.
    package static let sweepInterval: Duration = .seconds(3600)
    static let refreshInterval: Duration = .seconds(60)

    init(
        _ identity: Identity, at address: Address, peers: [Address], signatures: Signatures, firstSweepAfter: Duration
    ) {
        self.identity = identity
        self.firstSweepAfter = firstSweepAfter
        self.address = address
        self.peers = peers
        self.signatures = signatures
    }

    /// The number of nodes in its routing table.
    package var contactCount: Int { table?.count ?? 0 }

    // MARK: Resident

    package var nextWakeUp: Instant? { timers.nextTime }

    package func wake(_ actions: inout Actions) {
        if startedAt == nil { start(&actions) }
        while let (timer, _) = timers.popFirst(by: actions.now) { fire(timer, &actions) }
    }

    private func start(_ actions: inout Actions) {
        startedAt = actions.now
        drawSecret(&actions)
        timers.insert(.tokens, at: actions.now + ReferenceNode.secretInterval)
        timers.insert(.refresh, at: actions.now + ReferenceNode.refreshInterval)
        timers.insert(.sweep, at: actions.now + firstSweepAfter)
        timers.insert(.ownRecord, at: actions.now + ReferenceNode.ownRecordInterval)
        timers.insert(.pingKeepers, at: actions.now + ReferenceNode.keepersInterval)
        takeStep(&actions)
    }

    private func fire(_ timer: Timer, _ actions: inout Actions) {
        switch timer {
        case .timeOut(let key): timeOut(key, &actions)
        case .step:
            guard stepAt == actions.now || stepAt.map({ $0 <= actions.now }) ?? false else { return }
            stepAt = nil
            takeStep(&actions)
        case .tokens:
            drawSecret(&actions)
            tokens = tokens.filter { actions.now - $0.value.givenAt <= ReferenceNode.tokenLifetime }
            timers.insert(.tokens, at: actions.now + ReferenceNode.secretInterval)
        case .refresh: beginRefresh(&actions)
        case .sweep:
            store.sweep(at: actions.now)
            timers.insert(.sweep, at: actions.now + ReferenceNode.sweepInterval)
        case .ownRecord:
            storeOwnRecord(&actions)
            timers.insert(.ownRecord, at: actions.now + ReferenceNode.ownRecordInterval)
        case .pingKeepers:
            pingKeepers(&actions)
            timers.insert(.pingKeepers, at: actions.now + ReferenceNode.keepersInterval)
        }
    }

    /// Moves a time to the next step; steps are half a second apart. Steps without work are skipped.
    func scheduleStep(by moment: Instant, after now: Instant) {
        guard let startedAt else { return }
        let interval = ReferenceNode.stepInterval.inNanoseconds
        let sinceStart = max(moment, now + .nanoseconds(1)) - startedAt
        let number = (sinceStart.inNanoseconds + interval - 1) / interval
        let time = startedAt + .nanoseconds(number * interval)
        if let stepAt, stepAt <= time { return }
        stepAt = time
        timers.insert(.step, at: time)
    }

    private func drawSecret(_ actions: inout Actions) {
        let secret = (0..<16).map { _ in UInt8(truncatingIfNeeded: actions.generator.next()) }
        secrets = (secrets + [secret]).suffix(2)
    }

    // MARK: User

    package func issue(_ id: CommandID, _ command: Command, _ actions: inout Actions) {
        switch command {
        case .find(let target): crawl(target, for: .find(id), &actions)
        case .publish(let target, let entry): crawl(target, for: .publish(id, entry), &actions)
        case .ping, .connect, .spread, .refreshBucket, .walk, .runTask: actions.completions.append((id, .unreachable))
        }
    }

    // MARK: What it is

    /// Its id, which follows from the address that it believes to have.
    var ownID: NodeID { NodeID(host: (wan ?? .none).host, mid: identity.publicKey.mid) }

    /// Adds a node to the table, which is created with its first node.
    func addToTable(_ contact: ReferenceContact, at now: Instant) -> ReferenceContact? {
        var table = self.table ?? ReferenceTable(ownID: ownID)
        self.table = nil
        let added = table.add(contact, at: now)
        self.table = table
        if added === contact { scheduleStep(by: now, after: now) }
        return added
    }

    func claimGlobalTime() -> UInt64 {
        globalTime += 1
        return globalTime
    }
}
