internal import IPv8
internal import Maintenance

/// Keeps our own requests to each peer within what peers accept, so that a busy node is not taken for a flood and its
/// peers are not taken for dead.
///
/// A peer is told by its address, since that is who receives the requests: under however many keys an address is named to
/// us, one node sits there, or somebody who is to be flooded.
struct QueryPacer: Sendable {
    private var peers: [Address: RecentTimes] = [:]
    private var tidying = Tidying(countMax: QueryPacer.peersMax)
    private let republishLimits: RepublishLimits

    /// How many requests a peer gets in an interval, out of the 10 that the reference accepts. Maintenance is to use half of
    /// what peers accept; this is the bound for all of a node's requests together, its user's included.
    static let requestsMax = 8
    /// The interval, with a margin over the reference's 5 s for datagrams that arrive closer together than they left.
    static let interval: Duration = .milliseconds(5500)
    /// With so many requests in the interval, a peer is not asked to have others punctured. It may have named many, and a user's
    /// next request to the peer itself would wait behind these.
    static let puncturesMax = requestsMax / 2
    /// How late a request may be sent: as much as the interval is longer than that of the reference.
    private static let lateMax: Duration = .milliseconds(500)
    /// How long a request may wait before it is given up unsent.
    static let waitMax: Duration = .seconds(60)
    /// How many peers are kept count of.
    private static let peersMax = 16_384

    init(republishLimits: RepublishLimits) { self.republishLimits = republishLimits }

    /// How many peers are kept count of.
    var count: Int { peers.count }

    /// When a request may be sent to a peer: now, or as soon as its allowance permits. The moment counts as used.
    /// `nil` where too much waits for the peer already.
    mutating func reserve(_ address: Address, at now: Instant) -> Instant? {
        tidy(for: address, at: now)
        return peers[address, default: RecentTimes()]
            .reserve(at: now, max: QueryPacer.requestsMax, interval: QueryPacer.interval, waitMax: QueryPacer.waitMax)
    }

    /// When a request may be sent whose reserved moment has come: now, or where the timer is so late that what waited one
    /// after another would go out at once, at a moment of its own again.
    mutating func confirm(_ reserved: Instant, for address: Address, at now: Instant) -> Instant {
        guard now - reserved > QueryPacer.lateMax else { return now }
        return reserve(address, at: now) ?? now + QueryPacer.waitMax
    }

    /// Whether a value may be stored again on a peer right now; if so, the moment counts as used. Such stores take no
    /// more than half of what peers accept, and never wait in line, so that they are never in a user's way. The finds
    /// and pings of maintenance do wait: each peer gets few of them.
    mutating func admitForRepublishing(_ address: Address, at now: Instant) -> Bool {
        tidy(for: address, at: now)
        return peers[address, default: RecentTimes()]
            .admit(at: now, max: republishLimits.requestsPerPeerMax, since: now - republishLimits.peerInterval)
    }

    /// Whether a peer may be asked right now to have another one punctured; if so, the moment counts as used.
    mutating func admitPuncture(_ address: Address, at now: Instant) -> Bool {
        tidy(for: address, at: now)
        return peers[address, default: RecentTimes()]
            .admit(at: now, max: QueryPacer.puncturesMax, since: now - QueryPacer.interval)
    }

    /// Makes room for a peer, if it is time: forgets who has not been asked within the interval and, where too many
    /// have, those who were asked first.
    private mutating func tidy(for address: Address, at now: Instant) {
        guard tidying.isDue(peers.count), peers[address] == nil else { return }
        let start = now - max(QueryPacer.interval, republishLimits.peerInterval)
        peers = peers.filter { ($0.value.last ?? .distantPast) > start }
        if tidying.leavesTooMany(peers.count) {
            let cutoff = tidying.cutoff(peers.values.compactMap(\.last))
            peers = peers.filter { ($0.value.last ?? .distantPast) > cutoff }
        }
        tidying.done(peers.count)
    }
}
