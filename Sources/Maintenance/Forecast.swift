/// What upkeep has before it: how many packets that takes, how long, and what is beyond what the overlay can take.
///
/// A peer gets 5 requests in 5.5 seconds. With M nodes to store on and eight replicas of each key, about M/9 keys can be
/// stored in a second.
public struct Forecast: Hashable, Sendable {
    /// Keys that are due now.
    public let dueKeys: Int
    /// Keys that come due again and again.
    public let keptKeys: Int
    /// Nodes that can be stored on, as far as is known.
    public let nodes: Int
    /// Keys that can be stored in a second.
    public let keysPerSecond: Double
    /// Requests that what is due now takes.
    public let packets: Int
    /// How long what is due now takes; `nil` where there is nobody to store on.
    public let duration: Duration?
    /// Keys that come due in an interval beyond what can be stored in it.
    public let keysBeyondCapacity: Int

    /// Foretells.
    ///
    /// - Parameters:
    ///   - interval: how often a key comes due.
    ///   - limits: what the node's own settings and its peers allow.
    ///   - tableIsGood: whether upkeep can begin; after a start, the routing table has to recover first.
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
        // What waits for the busiest node comes on top at worst, where its turn comes last.
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

/// How fast upkeep may go.
public struct UpkeepLimits: Hashable, Sendable {
    /// How many nodes are to hold a value (the reference's `TARGET_NODES`).
    public var copies = 8
    /// How many requests a second upkeep sends in all.
    public var packetsPerSecond = 400
    /// How many requests a peer gets in an interval from upkeep: half of the ten that peers accept. Pings, finds and the
    /// user's requests count too.
    public var requestsPerPeerMax = 5
    /// The interval: the five seconds in which peers count, with a margin for datagrams that arrive closer together than
    /// they left.
    public var peerInterval: Duration = .milliseconds(5500)
    /// How many arcs are worked on at once.
    public var arcsMax = 256
    /// How long keys that come due one after another wait for each other, so that one lookup serves many: a ninth of the
    /// interval in which each comes due, and as much before the earliest of them is lost.
    public var gatherFor: Duration = .seconds(2700) / UpkeepLimits.gatheringsPerInterval

    /// How often keys have gathered in the interval in which each comes due.
    public static let gatheringsPerInterval = 9

    /// The defaults.
    public init() {}

    /// How many requests of upkeep a peer gets in a second, on average.
    public var requestsPerPeerAndSecond: Double { Double(requestsPerPeerMax) / (peerInterval / .seconds(1)) }

    /// How many requests a lookup of upkeep makes, about, with those for punctures.
    public static let requestsPerLookup = 30
    /// How many times as many keys as the average node has the one among whose closest nodes it is most often, about.
    public static let busiestShare = 2.0
    /// How long it may take until the routing table is good.
    public static let tableTime: Duration = .seconds(60)
    /// How long a lookup serves: tokens are used for so long.
    public static let lookupServes: Duration = .seconds(240)

    /// How many lookups storing some keys again takes. Neighbours are found together: two lookups see all nodes of a
    /// neighbourhood, and as many keys as these nodes take while the tokens are good; never more than one for each key.
    func lookups(for keys: Int, on nodes: Int) -> Int {
        let keysPerLookup = requestsPerPeerAndSecond * (UpkeepLimits.lookupServes / .seconds(1))
        return min(keys, max(1, 2 * nodes / copies) + Int(Double(keys) / keysPerLookup))
    }
}
