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
    /// Whether the last list was cut off.
    var mayHaveMore = false
    var listedAt = Instant.distantPast
    /// When the last arc of the list was done; `nil` where none was, or it has been listed anew since.
    var doneAt: Instant?
    var nextDue: Instant?
    var dueCount = 0
    var keptCount = 0
    /// How many requests may be made now. Lookups may take it below zero; then everything waits.
    var allowance = 0.0
    private var allowedAt = Instant.distantPast
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

    var mayBegin: Bool { allowance >= 1 }
    var isBusy: Bool { !runs.isEmpty || !queue.isEmpty }

    /// How often what is under way is looked at: several times while a peer accepts one request.
    static let busyInterval: Duration = .milliseconds(250)

    /// Lets in what time has earned, a second's worth at most.
    mutating func allow(at now: Instant) {
        let rate = Double(limits.packetsPerSecond)
        allowance = min(rate, allowance + rate * min(1, (now - allowedAt) / .seconds(1)))
        allowedAt = now
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
