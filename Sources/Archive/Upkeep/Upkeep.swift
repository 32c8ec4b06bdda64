public import IPv8

/// A target whose values are to be stored again.
public struct DueTarget: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// When the first of its values is lost to the DHT, as far as is known here.
    public var deadline: Instant
    /// Whether it is pinned, so that it is to be looked for as well.
    public var isPinned: Bool

    /// Puts one together.
    public init(target: Target, deadline: Instant, isPinned: Bool) {
        self.target = target
        self.deadline = deadline
        self.isPinned = isPinned
    }
}

/// What is to be stored again.
public struct DueList: Hashable, Sendable {
    /// The targets that are lost soonest, in no particular order.
    public var targets: [DueTarget] = []
    /// How many targets are due in all.
    public var total = 0
    /// When the next one is due, of those that are not yet; `nil` where none will be.
    public var nextDue: Instant?
    /// How many targets are stored again sooner or later.
    public var kept = 0

    /// A list of nothing.
    public init() {}
}

/// A value that is to be stored again.
public struct RepublishableEntry: Hashable, Sendable {
    /// The value.
    public var entry: Entry
    /// Until when it may be served by a node that it is stored on; `nil` where nothing bounds it, for what was published
    /// here or is pinned.
    public var servedUntil: Instant?
    /// When it is lost to the DHT, as far as is known here.
    public var expiresAt: Instant
}

/// How storing the values of a target again went.
public struct RepublishResult: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// What it came to.
    public var outcome: Outcome
    /// The nodes that acknowledged, or that answered with the values: their mids and addresses.
    public var holders: [Holder]
    /// When it is to be tried again at the earliest; `nil` where nothing stands in the way.
    public var retryAt: Instant?
    /// How many nodes answered when it was looked for, and how many of them had it; `nil` where it was not.
    public var sought: Sought?

    /// What an attempt came to.
    public enum Outcome: String, Hashable, Sendable {
        /// Somebody holds it.
        case stored
        /// Nobody acknowledged it.
        case unanswered
        /// It is somebody else's value, and enough nodes are closer to it than we are.
        case othersCloser = "others_closer"
    }

    /// Somebody who holds values.
    public struct Holder: Hashable, Sendable {
        /// Who it is.
        public var mid: Mid
        /// Where it was reached.
        public var address: Address

        /// Puts one together.
        public init(mid: Mid, address: Address) {
            self.mid = mid
            self.address = address
        }
    }

    /// What a search came to.
    public struct Sought: Hashable, Sendable {
        /// How many nodes answered.
        public var answered: Int
        /// How many of them had a value.
        public var found: Int

        /// Puts one together.
        public init(answered: Int, found: Int) {
            self.answered = answered
            self.found = found
        }
    }

    /// Puts a result together.
    public init(target: Target, outcome: Outcome, holders: [Holder], retryAt: Instant?, sought: Sought?) {
        self.target = target
        self.outcome = outcome
        self.holders = holders
        self.retryAt = retryAt
        self.sought = sought
    }
}

/// How it stands with storing a target again.
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
    /// What the last search came to.
    public var sought: RepublishResult.Sought?
}

/// A recurring job of the node.
public struct JobState: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// When it is due next.
    public var due: Instant
    /// When it last ran; `nil` where it has not.
    public var lastRun: Instant?
    /// What the last run came to, in a few words.
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

    /// Puts one together.
    public init(family: AddressFamily, prefix: String, contacts: Int, lastChanged: Instant) {
        self.family = family
        self.prefix = prefix
        self.contacts = contacts
        self.lastChanged = lastChanged
    }
}
