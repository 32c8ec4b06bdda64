internal import IPv8
internal import Kademlia
internal import Maintenance

/// Keeps our own requests to each peer within what peers accept, so that a busy node is not taken for a flood and its
/// peers are not taken for dead.
struct QueryPacer: Sendable {
    private var peers: [NodeID: RecentTimes] = [:]

    /// How many requests a peer gets in an interval, out of the 10 that the reference accepts. Upkeep is to use half of
    /// what peers accept; this is the bound for all of a node's requests together, its user's included.
    static let requestsMax = 8
    /// The interval, with a margin over the reference's 5 s for datagrams that arrive closer together than they left.
    static let interval: Duration = .milliseconds(5500)
    /// How long a request may wait before it is given up unsent.
    static let waitMax: Duration = .seconds(60)
    /// How many peers are kept count of.
    private static let peersMax = 16_384

    /// When a request may be sent to a peer: now, or as soon as its allowance permits. The moment counts as used.
    /// `nil` where too much waits for the peer already.
    mutating func reserve(_ id: NodeID, at now: Instant) -> Instant? {
        if peers.count >= QueryPacer.peersMax, peers[id] == nil { forgetQuiet(at: now) }
        return peers[id, default: RecentTimes()]
            .reserve(at: now, max: QueryPacer.requestsMax, interval: QueryPacer.interval, waitMax: QueryPacer.waitMax)
    }

    /// Whether upkeep may send a request to a peer right now; if so, the moment counts as used. Upkeep takes no more than
    /// half of what peers accept, and never waits in line, so that it is never in a user's way.
    mutating func admitForUpkeep(_ id: NodeID, limits: UpkeepLimits, at now: Instant) -> Bool {
        if peers.count >= QueryPacer.peersMax, peers[id] == nil { forgetQuiet(at: now) }
        return peers[id, default: RecentTimes()]
            .admit(at: now, max: limits.requestsPerPeerMax, since: now - limits.peerInterval)
    }

    private mutating func forgetQuiet(at now: Instant) {
        peers = peers.filter { ($0.value.last ?? .distantPast) > now - QueryPacer.interval }
        // Everybody was asked within the interval: start over rather than grow.
        if peers.count >= QueryPacer.peersMax { peers.removeAll() }
    }
}
