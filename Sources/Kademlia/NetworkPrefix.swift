public import IPv8

/// Chooses nodes one after another so that no network gets more than its share.
///
/// The first bits of a node id follow from its address, so the owner of one network can have nodes all around a key.
/// Among the nodes closest to a key, at most two count for each network while there are others.
public struct PrefixShare: Sendable {
    private var chosen: [NetworkPrefix] = []
    private let limitsLocal: Bool

    /// How many nodes of one network may be chosen, as in a bucket; loopback and private networks are exempt.
    public static let nodesMax = RoutingTable.contactsPerPrefixInBucketMax

    /// Starts with no node chosen.
    ///
    /// - Parameter limitingLocal: whether loopback and private networks are limited too.
    public init(limitingLocal: Bool = false) { limitsLocal = limitingLocal }

    /// Chooses a node, unless its network already has its share.
    public mutating func admits(_ host: IPAddress) -> Bool {
        let prefix = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard !prefix.isExempt else { return true }
        guard chosen.count(where: { $0 == prefix }) < PrefixShare.nodesMax else { return false }
        chosen.append(prefix)
        return true
    }

    /// Moves the elements to the end whose networks already have their share among the earlier ones; otherwise keeps
    /// the order.
    public static func crowdedLast<Element>(
        _ elements: [Element], limitingLocal: Bool, host: (Element) -> IPAddress
    ) -> [Element] {
        var share = PrefixShare(limitingLocal: limitingLocal)
        let (crowded, admitted) = elements.reduce(into: ([Element](), [Element]())) { parts, element in
            if share.admits(host(element)) { parts.1.append(element) } else { parts.0.append(element) }
        }
        return admitted + crowded
    }
}

/// The network of an address: a /24 of IPv4 or a /48 of IPv6. The owner of one address in it can have all of them.
public struct NetworkPrefix: Hashable, Sendable {
    private let family: AddressFamily
    private let bits: UInt64
    /// Loopback and private networks are exempt unless a setting limits them too: they belong to the operator.
    public let isExempt: Bool

    /// The network of an address.
    ///
    /// - Parameter limitingLocal: whether loopback and private networks are limited too.
    public init(_ host: IPAddress, limitingLocal: Bool = false) {
        family = host.family
        isExempt = !limitingLocal && (host.isLoopback || host.isPrivate)
        switch host {
        case .v4(let address): bits = UInt64(address >> 8)
        case .v6(let high, _): bits = high >> 16
        }
    }

    /// Whether an address is in this network, and the network is limited.
    public func limits(_ host: IPAddress) -> Bool { !isExempt && NetworkPrefix(host, limitingLocal: true) == self }
}
