/// What upkeep has before it: how many packets that takes, how long, and what is beyond what the overlay can take.
///
/// Each peer takes only so many requests of one node, so with M nodes to store on, and eight copies of each key, no more
/// than about M/8 keys can be stored in a second.
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
    public init(dueKeys: Int, keptKeys: Int, nodes: Int, interval: Duration, limits: UpkeepLimits) {
        self.dueKeys = dueKeys
        self.keptKeys = keptKeys
        self.nodes = nodes
        let copies = min(limits.copies, nodes)
        guard copies > 0 else {
            (keysPerSecond, packets, duration, keysBeyondCapacity) = (0, 0, nil, keptKeys)
            return
        }
        // Neighbours are found together, but no better than once for each key, nor for each neighbourhood.
        let lookups = min(dueKeys, max(1, nodes / copies))
        packets = dueKeys * copies + lookups * UpkeepLimits.requestsPerLookup
        let perSecond = min(Double(nodes) * limits.requestsPerPeerAndSecond, Double(limits.packetsPerSecond))
        let packetsPerKey = dueKeys > 0 ? Double(packets) / Double(dueKeys) : Double(copies)
        keysPerSecond = perSecond / packetsPerKey
        duration = .seconds(Double(dueKeys) / keysPerSecond)
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

    /// The defaults.
    public init() {}

    /// How many requests of upkeep a peer gets in a second, on average.
    public var requestsPerPeerAndSecond: Double { Double(requestsPerPeerMax) / (peerInterval / .seconds(1)) }

    /// How many requests a lookup of upkeep makes, about.
    public static let requestsPerLookup = 20
}
