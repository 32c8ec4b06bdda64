public import IPv8

/// Sees to it that no network has more than its share among nodes that are chosen one after another.
///
/// The first bits of a node id follow from its address, so who has one network can have nodes all around a key. Whatever
/// is done with the nodes closest to it, those of one network are to be two of them at most, while there are others.
public struct PrefixShare: Sendable {
    private var chosen: [NetworkPrefix] = []
    private let limitsLocal: Bool

    /// How many nodes of one network there may be, as in a bucket; loopback and private ones excepted.
    public static let nodesMax = RoutingTable.contactsPerPrefixInBucketMax

    /// Begins with none chosen.
    ///
    /// - Parameter limitingLocal: whether loopback and private networks are limited too.
    public init(limitingLocal: Bool = false) { limitsLocal = limitingLocal }

    /// Chooses a node, unless its network has its share.
    public mutating func admits(_ host: IPAddress) -> Bool {
        let prefix = NetworkPrefix(host, limitingLocal: limitsLocal)
        guard !prefix.isExempt else { return true }
        guard chosen.count(where: { $0 == prefix }) < PrefixShare.nodesMax else { return false }
        chosen.append(prefix)
        return true
    }

    /// The elements in their order, but those last whose networks have their share among the ones before them.
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

/// The network that an address is of: a /24 of IPv4, a /48 of IPv6. Whoever has one address of it can have them all.
public struct NetworkPrefix: Hashable, Sendable {
    private let family: AddressFamily
    private let bits: UInt64
    /// Loopback and private networks are not limited, unless that is asked for: what is in them is the operator's own.
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

    /// Whether an address is of this network, and the network is one that is limited.
    public func limits(_ host: IPAddress) -> Bool { !isExempt && NetworkPrefix(host, limitingLocal: true) == self }
}
