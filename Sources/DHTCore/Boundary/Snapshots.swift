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

/// Everything that a node knows of the overlay at one moment.
public struct OverlaySnapshot: Hashable, Sendable {
    /// One for each family that there is a socket of, IPv4 first.
    public let families: [FamilySnapshot]
    /// How many records of each peer there are here, for those who look for it by key.
    public let registeredPeers: [Mid: Int]
    /// The nodes that remember where this one is.
    public let ownRecordHolders: [NodeInfo]
    /// How many tokens of other nodes are in use.
    public let tokenCount: Int
    /// The last value of the counter that introductions and punctures carry.
    public let globalTime: UInt64
}

/// One family of ``OverlaySnapshot``.
public struct FamilySnapshot: Hashable, Sendable {
    /// Where its socket listens.
    public let listenAddress: Address
    /// Where the node is in its own network, as it tells others.
    public let lanAddress: Address
    /// Where others see it, as it tells others; port 0 while nobody has told.
    public let wanAddress: Address
    /// Its id, which follows from the outside address.
    public let nodeID: NodeID
    /// Whether anybody has been a contact since the start.
    public let hasHadContacts: Bool
    /// The buckets, the farthest half of the key space first.
    public let buckets: [BucketSnapshot]
}

/// A bucket of the routing table with its contacts.
public struct BucketSnapshot: Hashable, Sendable {
    /// The leading bits that its ids share, as `0` and `1`.
    public let prefix: String
    /// When a contact was last added, or the bucket was last refreshed.
    public let lastChanged: Instant
    /// Its contacts, oldest first.
    public let contacts: [Contact]
}

/// How far a user's command has come that has other nodes asked.
public enum CommandProgress: Hashable, Sendable {
    /// So many nodes were asked for a key, and so many have answered.
    case lookingUp(asked: Int, answered: Int)
    /// So many nodes were asked to store a value, and so many have acknowledged it.
    case storing(asked: Int, acknowledged: Int)
}
