internal import IPv8
internal import Kademlia
internal import Maintenance

/// What the storing again of values has before it and under way.
struct Upkeep: Sendable {
    let isEnabled: Bool
    let limits: UpkeepLimits
    /// The arcs whose turn has not come.
    var queue = ArcQueue()
    /// The arcs that are being worked on.
    var runs: [ActivityID: ArcRun] = [:]
    var isListing = false
    /// Whether there is more that is due: the last list was cut off, or something has to be done again.
    var mayHaveMore = false
    var listedAt = Instant.distantPast
    /// When the last arc of the list was done; `nil` where none was, or it has been listed anew since.
    var doneAt: Instant?
    var nextDue: Instant?
    var dueCount = 0
    var keptCount = 0
    /// How many requests may be made now.
    private var allowance = 0.0
    /// How many requests will be made in any case: of nodes that are being punctured first, or that are busy.
    private var promised = 0
    private var allowedAt = Instant.distantPast
    /// What has been sent within a second.
    private var sent: [(count: Int, at: Instant)] = []
    var firstContactAt: Instant?
    /// The most contacts that there have been, in the last run or this one.
    var contactsBefore: Int
    var tableIsGood = false
    var density = NodeDensity()

    init(isEnabled: Bool, limits: UpkeepLimits, contactsBefore: Int) {
        self.isEnabled = isEnabled
        self.limits = limits
        self.contactsBefore = contactsBefore
    }

    /// Whether there is room for a request and, where its node has to be punctured first, for that.
    var mayBegin: Bool { allowance - Double(promised) >= Double(min(2, limits.packetsPerSecond)) }
    var isBusy: Bool { !runs.isEmpty || !queue.isEmpty }

    /// How often what is under way is looked at: several times while a peer accepts one request.
    static let busyInterval: Duration = .milliseconds(250)

    /// How many searches of arcs are under way at once: who has been found soon has to be stored on, while tokens live.
    static let searchesMax = 16

    /// Lets in what time has earned, half a second's worth at most, and never more than a second's worth within a second.
    mutating func allow(at now: Instant) {
        let rate = Double(limits.packetsPerSecond)
        sent.removeAll { $0.at <= now - .seconds(1) }
        let sentCount = sent.reduce(0) { $0 + $1.count }
        let earned = allowance + rate * min(1, (now - allowedAt) / .seconds(1))
        allowance = min(max(2, rate / 2), earned, rate - Double(sentCount))
        allowedAt = now
    }

    /// Counts a request that is sent.
    mutating func spend(at now: Instant) {
        allowance -= 1
        if let last = sent.indices.last, sent[last].at == now {
            sent[last].count += 1
        } else {
            sent.append((1, now))
        }
    }

    /// Keeps room for a request that will be made.
    mutating func promise() { promised += 1 }

    /// The request is made now, or not at all.
    mutating func takeBackPromise() {
        precondition(promised > 0, "a request of upkeep was made that nobody had announced")
        promised -= 1
    }

    /// Whether more arcs are to be begun: those under way have not used up what may be sent, nor what their nodes take.
    ///
    /// - Parameter nodes: how many nodes there are to store on. An arc keeps eight of them busy.
    func mayBeginArc(among nodes: Int) -> Bool {
        guard mayBegin, runs.count < min(limits.arcsMax, max(1, nodes / limits.copies)) else { return false }
        return runs.values.count { if case .lookup? = $0.wait { true } else { false } } < Upkeep.searchesMax
    }

    /// The next arc to be begun: the one that is lost soonest or, where none is left, half of the longest one under way. A
    /// run makes no more than a key a second, since the same few nodes take all that it stores at a time.
    mutating func takeNextArc() -> Arc? {
        if let arc = queue.takeNext() { return arc }
        let longest = runs.max { ($0.value.keysLeft, $0.key.number) < ($1.value.keysLeft, $1.key.number) }
        guard let id = longest?.key else { return nil }
        return runs[id]?.giveAwayHalf()
    }

    /// The runs, that with the oldest tokens first, so that none has to throw away what it was given.
    var runsInTurn: [ActivityID] {
        runs.map { (id: $0.key, since: $0.value.pool?.gatheredAt ?? .distantPast) }
            .sorted { ($0.since, $0.id.number) < ($1.since, $1.id.number) }
            .map(\.id)
    }
}

/// How densely the key space is settled, from how far away the closest nodes of some places were.
struct NodeDensity: Sendable {
    private var spans: [Double] = []

    /// How many lookups count.
    private static let spansMax = 32

    /// Notes the nodes that are closest to a place, closest first.
    mutating func note(_ ids: [NodeID], around place: Target) {
        guard ids.count >= Node.replicasWanted else { return }
        let distance = Distance(ids[Node.replicasWanted - 1], place).bits
        // The share of the key space that lies within that distance.
        let share = (Double(distance.high) + 1) / 0x1p64
        if spans.count >= NodeDensity.spansMax { spans.removeFirst() }
        spans.append(share)
    }

    /// How many nodes there are, if they are settled everywhere as around those places; 0 where nothing is known.
    var nodeCount: Int {
        guard !spans.isEmpty else { return 0 }
        let mean = spans.reduce(0, +) / Double(spans.count)
        return Int(clamping: Int64(min(Double(Node.replicasWanted) / mean, 1e9)))
    }
}
