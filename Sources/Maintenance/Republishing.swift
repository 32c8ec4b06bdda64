public import IPv8

/// The keys whose values are due to be stored again.
public struct DueKeys: Hashable, Sendable {
    /// The keys that are lost soonest.
    public var keys: [DueKey]
    /// How many keys are due in all.
    public var total: Int
    /// How many of those that are due are pinned.
    public var pinned = 0
    /// How many keys come due sooner or later.
    public var kept: Int
    /// How many of these are pinned.
    public var keptPinned = 0
    /// When the next key comes due; `nil` if none will.
    public var nextDue: Instant?

    /// A list; by default an empty one.
    public init(keys: [DueKey] = [], total: Int = 0, kept: Int = 0, nextDue: Instant? = nil) {
        self.keys = keys
        self.total = total
        self.kept = kept
        self.nextDue = nextDue
    }
}

/// A value that is to be stored again.
public struct RepublishableValue: Hashable, Sendable {
    public var entry: Entry
    /// Until when other nodes may serve it; `nil` without a limit, for values that are pinned or were published here.
    public var servedUntil: Instant?

    public init(entry: Entry, servedUntil: Instant?) {
        self.entry = entry
        self.servedUntil = servedUntil
    }
}

/// Values under a target that have been stored in the DHT again, and until when each is served here.
public struct RefreshChange: Hashable, Sendable {
    public var target: Target
    public var values: [Refreshed]

    /// A value that has been stored again.
    public struct Refreshed: Hashable, Sendable {
        public var entry: Entry
        /// Until when it is served; never moved backwards.
        public var servedUntil: Instant

        public init(entry: Entry, servedUntil: Instant) {
            self.entry = entry
            self.servedUntil = servedUntil
        }
    }

    public init(target: Target, values: [Refreshed]) {
        self.target = target
        self.values = values
    }
}

/// The values of one target that need republishing.
public struct RepublishableTarget: Hashable, Sendable {
    public var target: Target
    public var values: [RepublishableValue]

    public init(target: Target, values: [RepublishableValue]) {
        self.target = target
        self.values = values
    }
}

/// How republishing the values of a target went.
public struct RepublishResult: Hashable, Sendable {
    public var target: Target
    public var outcome: Outcome
    /// The nodes that acknowledged.
    public var holders: [NodeInfo]
    /// When to try again at the earliest; `nil` if the key's own due time decides.
    public var retryAt: Instant?
    /// What the lookup for replicas found. Only pinned targets are looked up; for others it is `nil`.
    public var sought: Sought?

    /// Its raw values are in the index of every archive.
    public enum Outcome: String, Hashable, Sendable {
        /// Some node stores it.
        case stored
        /// Nobody acknowledged it.
        case unanswered
        /// It is somebody else's value, and enough nodes are closer to it than we are.
        case othersCloser = "others_closer"
    }

    /// The result of a lookup for replicas.
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

    public init(target: Target, outcome: Outcome, holders: [NodeInfo], retryAt: Instant?, sought: Sought?) {
        self.target = target
        self.outcome = outcome
        self.holders = holders
        self.retryAt = retryAt
        self.sought = sought
    }
}

// MARK: - Wall time and the core's time

// The archive speaks in wall time, the core in its own. The difference changes when somebody sets the machine's clock.

extension DueKeys {
    package func moved(by offset: Duration) -> DueKeys {
        guard offset != .zero else { return self }
        var moved = self
        moved.nextDue = nextDue.map { $0 + offset }
        moved.keys = keys.map { DueKey(target: $0.target, deadline: $0.deadline + offset, isPinned: $0.isPinned) }
        return moved
    }
}

extension RepublishableValue {
    package func moved(by offset: Duration) -> RepublishableValue {
        RepublishableValue(entry: entry, servedUntil: servedUntil.map { $0 + offset })
    }
}

extension RepublishableTarget {
    package func moved(by offset: Duration) -> RepublishableTarget {
        guard offset != .zero else { return self }
        return RepublishableTarget(target: target, values: values.map { $0.moved(by: offset) })
    }
}

extension RepublishResult {
    package func moved(by offset: Duration) -> RepublishResult {
        var moved = self
        moved.retryAt = retryAt.map { $0 + offset }
        return moved
    }
}

extension RefreshChange {
    package func moved(by offset: Duration) -> RefreshChange {
        RefreshChange(
            target: target, values: values.map { Refreshed(entry: $0.entry, servedUntil: $0.servedUntil + offset) })
    }
}
