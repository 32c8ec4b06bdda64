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
    ///   - interval: how often a key comes due.
    ///   - limits: what the node's settings and its peers allow.
    ///   - tableIsGood: whether republishing can begin; after a start, the routing table has to recover first.
    public init(
        dueKeys: Int, keptKeys: Int, nodes: Int, interval: Duration, limits: UpkeepLimits, tableIsGood: Bool = false
    ) {
        self.dueKeys = dueKeys
        self.keptKeys = keptKeys
        self.nodes = nodes
        let copies = min(limits.copies, nodes)
        guard copies > 0 else {
            (keysPerSecond, packets, duration, keysBeyondCapacity) = (0, 0, nil, keptKeys)
            return
        }
        packets = dueKeys * copies + limits.lookups(for: dueKeys, on: nodes) * UpkeepLimits.requestsPerLookup
        let perSecond = min(Double(nodes) * limits.requestsPerPeerAndSecond, Double(limits.packetsPerSecond))
        let packetsPerKey = dueKeys > 0 ? Double(packets) / Double(dueKeys) : Double(copies)
        keysPerSecond = perSecond / packetsPerKey
        // In the worst case the busiest node's turn comes last, so its queue is added.
        let onBusiest = UpkeepLimits.busiestShare * Double(dueKeys * copies) / Double(nodes)
        duration =
            dueKeys == 0
            ? .zero
            : .seconds(Double(packets) / perSecond + min(onBusiest, Double(dueKeys)) / limits.requestsPerPeerAndSecond)
                + (tableIsGood ? .zero : UpkeepLimits.tableTime)
        let capacity = perSecond / Double(copies) * (interval / .seconds(1))
        keysBeyondCapacity = max(0, keptKeys - Int(capacity))
    }
}

/// The pace of republishing.
public struct UpkeepLimits: Hashable, Sendable {
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
    public var gatherFor: Duration = .seconds(2700) / UpkeepLimits.gatheringsPerInterval

    /// How often keys have gathered in the interval in which each comes due.
    public static let gatheringsPerInterval = 9

    /// The defaults.
    public init() {}

    /// Requests that republishing sends a peer in a second, on average.
    public var requestsPerPeerAndSecond: Double { Double(requestsPerPeerMax) / (peerInterval / .seconds(1)) }

    /// The approximate number of requests of one lookup, including those for punctures.
    public static let requestsPerLookup = 30
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
        let keysPerLookup = requestsPerPeerAndSecond * (UpkeepLimits.lookupServes / .seconds(1))
        return min(keys, max(1, 2 * nodes / copies) + Int(Double(keys) / keysPerLookup))
    }
}
