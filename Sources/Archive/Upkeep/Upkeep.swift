public import IPv8

/// How republishing the values of a target went.
public struct RepublishResult: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// What it came to.
    public var outcome: Outcome
    /// The nodes that acknowledged, or that answered with the values: their mids and addresses.
    public var holders: [Replica]
    /// When it is to be tried again at the earliest; `nil` if nothing stands in the way.
    public var retryAt: Instant?
    /// How many nodes answered when it was looked for, and how many of them had it; `nil` if it was not.
    public var sought: Sought?

    /// What an attempt came to.
    public enum Outcome: String, Hashable, Sendable {
        /// Some node stores it.
        case stored
        /// Nobody acknowledged it.
        case unanswered
        /// It is somebody else's value, and enough nodes are closer to it than we are.
        case othersCloser = "others_closer"
    }

    /// A node with a replica.
    public struct Replica: Hashable, Sendable {
        /// Who it is.
        public var mid: Mid
        /// Where it was reached.
        public var address: Address

        public init(mid: Mid, address: Address) {
            self.mid = mid
            self.address = address
        }
    }

    /// The result of a search.
    public struct Sought: Hashable, Sendable {
        /// How many nodes answered.
        public var answered: Int
        /// How many of them had a value.
        public var found: Int

        public init(answered: Int, found: Int) {
            self.answered = answered
            self.found = found
        }
    }

    public init(target: Target, outcome: Outcome, holders: [Replica], retryAt: Instant?, sought: Sought?) {
        self.target = target
        self.outcome = outcome
        self.holders = holders
        self.retryAt = retryAt
        self.sought = sought
    }
}

/// The state of republishing a target.
public struct RepublishState: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// When it was last tried.
    public var lastAttempt: Instant
    /// How many attempts in a row nobody acknowledged.
    public var attempts: Int
    /// How many nodes acknowledged it the last time.
    public var acknowledged: Int
    /// What the last attempt came to.
    public var lastOutcome: RepublishResult.Outcome?
    /// Their mids and addresses.
    public var holders: [String]
    /// Not before this moment.
    public var retryAt: Instant?
    /// When it was last looked for, because it is pinned, and what that came to.
    public var soughtAt: Instant?
    /// The result of the last search.
    public var sought: RepublishResult.Sought?
}

/// A bucket of the routing table, for the record.
public struct StoredBucket: Hashable, Sendable {
    /// The address family of its table.
    public var family: AddressFamily
    /// The leading bits that its ids share, as `0` and `1`.
    public var prefix: String
    /// How many contacts are in it.
    public var contacts: Int
    /// When it last changed.
    public var lastChanged: Instant

    public init(family: AddressFamily, prefix: String, contacts: Int, lastChanged: Instant) {
        self.family = family
        self.prefix = prefix
        self.contacts = contacts
        self.lastChanged = lastChanged
    }
}
