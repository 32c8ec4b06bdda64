/// The work that republishing has to do: how many packets, how long, and how much of it exceeds what the overlay
/// accepts.
///
/// A peer gets 5 requests in 5.5 seconds. With M nodes to store on and eight replicas of each key, that is about M/9
/// keys a second.
public struct Forecast: Hashable, Sendable {
    /// Keys that are due now.
    public let dueKeys: Int
    /// Keys that come due regularly.
    public let keptKeys: Int
    /// Known nodes that can take a replica.
    public let nodes: Int
    /// Keys that can be republished in a second.
    public let keysPerSecond: Double
    /// Requests that the due keys need.
    public let packets: Int
    /// How long the due keys take; `nil` if there is no node to store on.
    public let duration: Duration?
    /// Keys per interval beyond what can be republished in it.
    public let keysBeyondCapacity: Int

    /// Makes a forecast.
    ///
    /// - Parameters:
    ///   - list: the keys that are due, and how many come due regularly.
    ///   - interval: how often a key comes due.
    ///   - limits: what the node's settings and its peers allow.
    ///   - tableIsGood: whether republishing can begin; after a start, the routing table has to recover first.
    public init(
        _ list: DueKeys, nodes: Int, interval: Duration, limits: RepublishLimits, tableIsGood: Bool = false
    ) {
        dueKeys = list.total
        keptKeys = list.kept
        self.nodes = nodes
        let copies = min(limits.copies, nodes)
        guard copies > 0 else {
            (keysPerSecond, packets, duration, keysBeyondCapacity) = (0, 0, nil, list.kept)
            return
        }
        let perPinnedLookup = min(RepublishLimits.requestsPerPinnedLookup, nodes)
        packets =
            list.total * copies + list.pinned * perPinnedLookup
            + limits.lookups(for: list.total - list.pinned, on: nodes) * RepublishLimits.requestsPerLookup
        let perSecond = min(Double(nodes) * limits.requestsPerPeerAndSecond, Double(limits.packetsPerSecond))
        let perKeptKey = Double(copies) + Double(list.keptPinned * perPinnedLookup) / Double(max(1, list.kept))
        keysPerSecond = perSecond / (list.total > 0 ? Double(packets) / Double(list.total) : perKeptKey)
        // In the worst case the busiest node's turn comes last, so its queue is added. It gets one store of a key at most,
        // and one request of a pinned key's lookup.
        let onAverage = Double(list.total * copies + list.pinned * perPinnedLookup) / Double(nodes)
        let onBusiest = min(RepublishLimits.busiestShare * onAverage, Double(list.total + list.pinned))
        duration =
            list.total == 0
            ? .zero
            : .seconds(Double(packets) / perSecond + onBusiest / limits.requestsPerPeerAndSecond)
                + (tableIsGood ? .zero : RepublishLimits.tableTime)
        keysBeyondCapacity = max(0, list.kept - Int(perSecond / perKeptKey * (interval / .seconds(1))))
    }
}

/// The pace of republishing.
public struct RepublishLimits: Hashable, Sendable {
    /// The number of replicas of a value (the reference's `TARGET_NODES`).
    public var copies = 8
    /// Requests that republishing sends in a second, in total.
    public var packetsPerSecond = 400
    /// Requests that republishing sends a peer in an interval: half of the ten that peers accept. Pings, finds and the
    /// user's requests count too.
    public var requestsPerPeerMax = 5
    /// The interval: the five seconds over which peers count, with a margin for datagrams that arrive closer together
    /// than they left.
    public var peerInterval: Duration = .milliseconds(5500)
    /// The number of concurrent arcs.
    public var arcsMax = 256
    /// How long keys that come due one after another wait for each other, so that one lookup serves many: a ninth of
    /// the interval in which each comes due, and no longer once the earliest of them is that close to being lost.
    public var gatherFor: Duration = .seconds(2700) / RepublishLimits.gatheringsPerInterval

    /// How often keys have gathered in the interval in which each comes due.
    public static let gatheringsPerInterval = 9

    /// The defaults.
    public init() {}

    /// Requests that republishing sends a peer in a second, on average.
    public var requestsPerPeerAndSecond: Double { Double(requestsPerPeerMax) / (peerInterval / .seconds(1)) }

    /// The approximate number of requests of one lookup, including those for punctures.
    public static let requestsPerLookup = 30
    /// How many nodes the lookup of a pinned key asks at most, approximately. It serves this key only.
    static let requestsPerPinnedLookup = 16
    /// The approximate ratio of keys of the busiest node to keys of the average node.
    public static let busiestShare = 2.0
    /// How long the routing table may take to recover.
    public static let tableTime: Duration = .seconds(60)
    /// How long the result of a lookup can be used: as long as its tokens.
    public static let lookupServes: Duration = .seconds(240)

    /// How many lookups it takes to republish some keys. Neighbours are found together: two lookups find all nodes of a
    /// neighbourhood and serve as many keys as these nodes accept while the tokens are valid. Never more than one
    /// lookup for each key.
    func lookups(for keys: Int, on nodes: Int) -> Int {
        guard keys > 0 else { return 0 }
        let keysPerLookup = requestsPerPeerAndSecond * (RepublishLimits.lookupServes / .seconds(1))
        return min(keys, max(1, 2 * nodes / copies) + Int(Double(keys) / keysPerLookup))
    }
}
