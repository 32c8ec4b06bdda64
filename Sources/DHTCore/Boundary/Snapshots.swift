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

/// A recurring job of the node: when it is due, and how it went.
public struct JobReport: Hashable, Sendable {
    /// Its name, such as `bucket_refresh`.
    public var name: String
    /// When it is due next.
    public var due: Instant
    /// When it last had something to do; `nil` where it never had.
    public var lastRun: Instant?
    /// What that came to, in a few words.
    public var lastResult: String?
    /// What one run may use, in words.
    public var budget: String

    /// Puts one together.
    public init(name: String, due: Instant, lastRun: Instant?, lastResult: String?, budget: String) {
        self.name = name
        self.due = due
        self.lastRun = lastRun
        self.lastResult = lastResult
        self.budget = budget
    }
}
