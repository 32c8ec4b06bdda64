public import IPv8

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
