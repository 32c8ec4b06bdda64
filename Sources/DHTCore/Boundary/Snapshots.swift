public import IPv8
public import Kademlia

/// What a node looks like in one address family at one moment.
public struct EndpointSnapshot: Hashable, Sendable {
    /// Where its socket listens.
    public let listenAddress: Address
    /// Where others see it; `nil` while nobody has told.
    public let externalAddress: Address?
    /// Its id, which follows from the outside address.
    public let nodeID: NodeID
    /// Its contacts, farthest part of the key space first.
    public let contacts: [Contact]
    /// How many buckets the contacts are in.
    public let bucketCount: Int
}

/// A bucket of the routing table, for the record.
public struct BucketReport: Hashable, Sendable {
    /// The address family of its table.
    public let family: AddressFamily
    /// The leading bits that its ids share, as `0` and `1`.
    public let prefix: String
    /// How many contacts are in it.
    public let contactCount: Int
    /// When it last changed.
    public let lastChanged: Instant
}
