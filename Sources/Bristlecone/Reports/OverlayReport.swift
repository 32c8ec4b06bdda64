package import IPv8
package import Kademlia

/// What a node knows of the overlay at one moment.
package struct OverlayReport: Sendable, Equatable {
    /// One for each address family that the node listens on, IPv4 first.
    package var families: [Family]
    /// How many addresses of each peer the node remembers for those who look for it by key.
    package var peersByKey: [Mid: Int]
    /// The nodes that remember where this one is.
    package var ownRecordHolders: [NodeInfo]
    /// How many tokens of other nodes are in use.
    package var tokens: Int
    /// The last value of the counter that introductions and punctures carry.
    package var globalTime: UInt64

    /// One address family.
    package struct Family: Sendable, Equatable {
        /// Where the socket is bound.
        package var listen: Address
        /// Where the node is in its own network, as it tells others.
        package var lan: Address
        /// Where others see it, as it tells others; port 0 while nobody has told.
        package var wan: Address
        /// The node id that follows from the outside address.
        package var nodeID: NodeID
        /// Whether anybody has been a contact since the start.
        package var hasHadContacts: Bool
        /// The farthest half of the key space first.
        package var buckets: [Bucket]

        package var family: AddressFamily { listen.family }
        /// How many contacts there are.
        package var contactCount: Int { buckets.reduce(0) { $0 + $1.contacts.count } }
    }

    /// One part of the key space.
    package struct Bucket: Sendable, Equatable {
        /// The leading bits that its ids share, as `0` and `1`; empty while there is one bucket only.
        package var prefix: String
        /// When a contact was last added, or the bucket was last refreshed; `nil` if it is to be refreshed now.
        package var lastChanged: Instant?
        /// Its contacts, oldest first.
        package var contacts: [Contact]
    }

    /// A node that this one knows.
    package struct Contact: Sendable, Equatable {
        /// Where it is, and its key.
        package var node: NodeInfo
        /// Its place in the key space.
        package var nodeID: NodeID
        package var standing: NodeStatus.Contact.Standing
        /// When it last answered.
        package var lastResponse: Instant
        /// When it last sent a request; `nil` if it never did.
        package var lastQuery: Instant?
        /// How many requests in a row it has left without an answer.
        package var failures: Int
        /// How long its last answer took; `nil` if that is not known.
        package var roundTrip: Duration?

        /// The later of its last answer and its last request.
        package var lastHeard: Instant { max(lastResponse, lastQuery ?? lastResponse) }
    }
}

/// What came of refreshing a bucket.
package enum BucketRefresh: String, Sendable {
    /// A random place in it was looked up, whoever answered.
    case refreshed
    /// No table has a bucket with that prefix.
    case noSuchBucket
    /// There is no contact that a lookup could begin with.
    case noContacts
}

/// Some of the values that the node serves, key by key.
package struct ServedValues: Sendable, Equatable {
    /// In the order of keys; under each key in the order in which the node serves them.
    package var values: [ServedValue]
    /// The last key that the listing has gone through, to go on after; `nil` if it is complete.
    package var next: Target?
}

/// A value that the node serves.
package struct ServedValue: Sendable, Equatable {
    package var key: Target
    package var value: FoundValue
    /// The address family that it came over; `nil` if it was published here.
    package var family: AddressFamily?
}
