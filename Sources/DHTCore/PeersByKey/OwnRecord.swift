internal import IPv8
internal import Kademlia
internal import Maintenance

/// The nodes that remember where we are, so that others find us by our key.
struct OwnRecord: Sendable {
    /// A few, the one that confirmed first at the beginning.
    private(set) var holders: [Holder] = []
    /// Whether nodes are being looked for.
    var isLookingForHolders = false
    /// How often nodes have been asked to remember our address, and when for the last time.
    private var placements = 0
    private var placedAt = Instant.distantPast

    struct Holder: Sendable {
        let node: NodeInfo
        let confirmedAt: Instant
        var lastPingSent: Instant
        var failures = 0
    }

    /// Nodes are looked for while fewer than this remember us: half of the reference's `TARGET_NODES`.
    static let holdersWanted = 4
    /// How often the number of holders is looked at.
    static let interval: Duration = .seconds(30)
    /// How often each is pinged: it forgets us 60 seconds after the last ping (the reference's `PING_INTERVAL`).
    static let pingInterval: Duration = .seconds(25)
    /// Who has not been pinged for so long has forgotten us.
    static let forgottenAfter: Duration = .seconds(60)
    /// A node that was started again has forgotten us too, and answers pings: so each is asked anew after this.
    static let renewedAfter: Duration = .seconds(600)
    /// How long after the first time nodes are asked again, and after the second time twice as long, and so on. When we join,
    /// we do not know who the closest nodes are, and in a young overlay closer ones are still to come.
    static let placedAgainAfter: Duration = .seconds(60)
    /// Who has not confirmed it anew by then counts no longer.
    private static let confirmedFor: Duration = .seconds(660)

    private static let lookInterval: Duration = .seconds(1)

    /// Whether too few nodes have confirmed lately that they remember us, or others may be closer to us by now.
    func needsHolders(at now: Instant) -> Bool {
        !isLookingForHolders
            && (holders.indices.count { now - holders[$0].confirmedAt < OwnRecord.renewedAfter }
                < OwnRecord.holdersWanted || now - placedAt >= placedAgainAfter)
    }

    /// The nodes that are closest to us now have been asked to remember us, or do so already.
    mutating func placed(at now: Instant) {
        placements += 1
        placedAt = now
    }

    private var placedAgainAfter: Duration {
        // After the fifth time it is no sooner than each record is renewed.
        min(OwnRecord.placedAgainAfter * (1 << min(max(placements, 1) - 1, 4)), OwnRecord.renewedAfter)
    }

    /// A node has confirmed that it remembers us.
    mutating func confirmed(by node: NodeInfo, at now: Instant) {
        holders.removeAll { $0.node == node }
        holders.append(Holder(node: node, confirmedAt: now, lastPingSent: now))
    }

    /// Whether a node has confirmed lately that it remembers us.
    func isHeld(by node: NodeInfo, at now: Instant) -> Bool {
        index(of: node).map { now - holders[$0].confirmedAt < OwnRecord.renewedAfter } ?? false
    }

    /// Drops who has forgotten us, or may have.
    mutating func dropForgetful(at now: Instant) {
        holders.removeAll { holder in
            now - holder.lastPingSent >= OwnRecord.forgottenAfter || now - holder.confirmedAt >= OwnRecord.confirmedFor
        }
    }

    private func index(of node: NodeInfo) -> Int? { holders.indices.first { holders[$0].node == node } }

    /// A node has been pinged, whatever for: a holder takes it for a sign of life.
    mutating func pinged(_ node: NodeInfo, at now: Instant) {
        if let index = index(of: node) { holders[index].lastPingSent = now }
    }

    /// The holders whose turn it is to be pinged.
    func due(at now: Instant) -> [NodeInfo] {
        holders.lazy.filter { now - $0.lastPingSent >= OwnRecord.pingInterval }.map(\.node)
    }

    /// When there may be something to do again: soon while holders are wanted, else when the next is to be pinged.
    func nextLook(after now: Instant) -> Instant {
        let earliest = holders.indices.reduce(now) { min($0, holders[$1].lastPingSent) }
        let nextPing = earliest + OwnRecord.pingInterval
        let next = needsHolders(at: now) ? now : min(nextPing, now + Job.ownRecord.interval)
        return max(next, now + OwnRecord.lookInterval)
    }

    mutating func answered(_ node: NodeInfo) {
        if let index = index(of: node) { holders[index].failures = 0 }
    }

    /// A holder that leaves two requests in a row unanswered is taken to have forgotten us.
    mutating func failed(_ node: NodeInfo) {
        guard let index = index(of: node) else { return }
        holders[index].failures += 1
        if holders[index].failures >= Contact.failuresMax { holders.remove(at: index) }
    }

    /// Our address is another: what the holders remember is of no use.
    mutating func addressChanged() {
        holders.removeAll()
        placements = 0
    }
}
