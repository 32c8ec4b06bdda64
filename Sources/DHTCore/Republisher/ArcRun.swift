internal import IPv8
internal import Kademlia
internal import Maintenance

/// The storing again of what is due in one arc.
///
/// It goes through the arc's keys in their order. For the next key there is a pool of nodes that a lookup has found,
/// which serves as long as the key lies in the part of the key space that the pool knows; else another lookup is made.
/// A pinned key is looked for first. Then the values of some keys are read, and each is sent to the nodes of the pool that
/// are closest to it, one after another, until enough have acknowledged or none is left.
///
/// It sends nothing itself: see ``Republisher``.
struct ArcRun: Sendable {
    private(set) var arc: Arc
    /// The number of the next key that has not been read.
    var next = 0
    var pool: NodePool?
    /// What the run waits for before it goes on with the next key.
    var wait: Wait?
    var items: [RepublishItem] = []
    /// What the search for the next key came to, if that is pinned and has been looked for.
    var sought: SoughtKey?

    /// How many keys are being stored at once.
    static let itemsMax = 16

    enum Wait: Sendable {
        /// For the nodes closest to the next key, or for a search for it.
        case lookup
        /// For what a search has found to be on the disk; so many commits are under way.
        case commits(Int)
        /// For the values of the next keys.
        case load
    }

    init(_ arc: Arc) { self.arc = arc }

    /// How many keys have not been read.
    var keysLeft: Int { arc.keys.count - next }

    /// Gives away the latter half of the keys that have not been read; `nil` where they are too few to be worth a lookup.
    mutating func giveAwayHalf() -> Arc? {
        guard keysLeft >= 2 * ArcRun.itemsMax else { return nil }
        let middle = next + keysLeft / 2
        defer { arc = Arc(Array(arc.keys[..<middle])) }
        return Arc(Array(arc.keys[middle...]))
    }

    var nextKey: DueKey? { next < arc.keys.count ? arc.keys[next] : nil }
    var isOver: Bool { nextKey == nil && wait == nil && items.isEmpty }
    var awaitsLookup: Bool { if case .lookup? = wait { true } else { false } }

    /// The keys that can be read now: those that the pool knows the nodes of, as many as there is room for. A pinned one
    /// only by itself, once it has been looked for.
    func readable(at now: Instant) -> [DueKey] {
        guard let pool, pool.isFresh(at: now) else { return [] }
        let room = ArcRun.itemsMax - items.count
        guard room >= ArcRun.itemsMax / 2 || items.isEmpty else { return [] }
        let keys = arc.keys[next...].prefix(room).prefix { pool.covers($0.target) }
        if let first = keys.first, first.isPinned { return sought?.target == first.target ? [first] : [] }
        return Array(keys.prefix { !$0.isPinned })
    }
}

/// What a search for a pinned key came to.
struct SoughtKey: Sendable {
    let target: Target
    let result: RepublishResult.Sought
}

/// Nodes that answered a lookup, with the tokens that they gave.
struct NodePool: Sendable {
    let members: [Member]
    let anchor: Target
    /// No token of theirs is older.
    let gatheredAt: Instant
    /// How many bits a key shares with the anchor at least for the members to be the nodes closest to it.
    private let sharedBits: Int
    private let limitsLocal: Bool

    struct Member: Hashable, Sendable {
        let node: NodeInfo
        let id: NodeID
        let token: Token
    }

    /// How long tokens are used; they live for twice as long.
    private static let freshFor = RepublishLimits.lookupServes

    /// - Parameters:
    ///   - members: closest to the anchor first, those whose networks have their share last.
    ///   - copies: how many nodes are to hold a value. Where that many share some bits with the anchor, any key that shares
    ///     those bits has its closest nodes among them.
    ///   - wanted: how many nodes were looked for. Where fewer were found, those are all that there are.
    ///   - limitsLocal: whether loopback and private networks are limited to their share too.
    ///   - begunAt: when the lookup began that found them.
    init(
        _ members: [Member], around anchor: Target, copies: Int, wanted: Int, limitsLocal: Bool, since begunAt: Instant
    ) {
        self.limitsLocal = limitsLocal
        self.members = members
        self.anchor = anchor
        gatheredAt = begunAt
        sharedBits =
            members.count > copies
            ? (members[copies - 1].id.bits ^ anchor.bits).leadingZeroBitCount
            : members.count == copies && wanted <= copies ? Bits160.bitCount : 0
    }

    func isFresh(at now: Instant) -> Bool { now - gatheredAt < NodePool.freshFor }

    func covers(_ target: Target) -> Bool {
        target == anchor || (target.bits ^ anchor.bits).leadingZeroBitCount >= sharedBits
    }

    /// The members, closest to a target first; those whose networks have their share last.
    func closest(to target: Target) -> [Member] {
        let byDistance = members.map { (member: $0, distance: Distance($0.id, target)) }
            .sorted { $0.distance < $1.distance }
            .map(\.member)
        return PrefixShare.crowdedLast(byDistance, limitingLocal: limitsLocal) { $0.node.address.host }
    }
}

/// Values of one target on their way to the nodes that are to hold them.
struct RepublishItem: Sendable {
    let target: Target
    let entries: [RepublishableValue]
    /// Nodes that have not been asked, the closest last.
    var candidates: [NodePool.Member]
    var holders: [NodeInfo] = []
    var outstandingCount = 0
    /// When the first of their tokens may have been given.
    let tokensSince: Instant
    let sought: RepublishResult.Sought?
    /// Whether candidates were left when it was too late for them.
    private(set) var isCutShort = false

    /// The shortest time for which a token is valid (the reference's `TOKEN_EXPIRATION_TIME` less one turn of secrets).
    private static let tokensValidFor: Duration = .seconds(300)

    /// The candidates that are to be asked now, closest first: as many as are still wanted.
    var nextCandidates: [NodePool.Member] {
        candidates.suffix(max(0, Searches.replicasWanted - holders.count - outstandingCount)).reversed()
    }

    var hasEnoughHolders: Bool { holders.count >= Searches.replicasWanted }

    /// Whether nothing is under way and nobody is left to ask, or enough nodes hold the values.
    var isDone: Bool { outstandingCount == 0 && (candidates.isEmpty || hasEnoughHolders) }

    func request(to member: NodePool.Member, for run: ActivityID) -> Request {
        Request(
            .store(member.token, target, entries.map(\.entry.bytes)), to: member.node,
            for: .republication(run, target, entries[0].entry.id), isBudgeted: true)
    }

    /// Whether the time of one of its values is over, so that nobody is to begin another hour of it.
    func isOverdue(at now: Instant, servedFor: Duration) -> Bool {
        entries.contains { value in value.servedUntil.map { $0 - servedFor < now } ?? false }
    }

    /// Gives up the candidates, whose tokens are too old, or who are too late.
    mutating func cutShort() {
        isCutShort = isCutShort || !candidates.isEmpty
        candidates.removeAll()
    }

    /// Whether the candidates still take their tokens. A store with an old one is not answered, and a node that is silent
    /// twice counts as gone.
    func hasValidTokens(at now: Instant) -> Bool { now - tokensSince < RepublishItem.tokensValidFor }
}

/// How densely the key space is settled, from how far away the closest nodes of some places were.
struct NodeDensity: Sendable {
    private var spans: [Double] = []

    /// How many lookups count.
    private static let spansMax = 32

    /// Notes the nodes that are closest to a place, closest first.
    mutating func note(_ ids: [NodeID], around place: Target) {
        guard ids.count >= Searches.replicasWanted else { return }
        let distance = Distance(ids[Searches.replicasWanted - 1], place).bits
        // The share of the key space that lies within that distance.
        let share = (Double(distance.high) + 1) / 0x1p64
        if spans.count >= NodeDensity.spansMax { spans.removeFirst() }
        spans.append(share)
    }

    /// How many nodes there are, if they are settled everywhere as around those places; 0 where nothing is known.
    var nodeCount: Int {
        guard !spans.isEmpty else { return 0 }
        let mean = spans.reduce(0, +) / Double(spans.count)
        return Int(clamping: Int64(min(Double(Searches.replicasWanted) / mean, 1e9)))
    }
}
