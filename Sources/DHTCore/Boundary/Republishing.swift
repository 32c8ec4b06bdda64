public import IPv8
public import Maintenance

/// The values of one target that are to be stored again.
public struct RepublishableTarget: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// Its values.
    public var values: [RepublishableValue]

    /// Puts one together.
    public init(target: Target, values: [RepublishableValue]) {
        self.target = target
        self.values = values
    }
}

/// How storing the values of a target again went.
public struct RepublishReport: Hashable, Sendable {
    /// The target.
    public var target: Target
    /// What it came to.
    public var outcome: Outcome
    /// The nodes that acknowledged.
    public var holders: [NodeInfo]
    /// When to try again at the earliest; `nil` for when it is due by itself.
    public var retryAt: Instant?
    /// How many nodes answered when it was looked for, and how many of them had it; `nil` where it was not.
    public var sought: Sought?

    /// What an attempt came to.
    public enum Outcome: Hashable, Sendable {
        /// Somebody holds it.
        case stored
        /// Nobody acknowledged it.
        case unanswered
        /// It is somebody else's, and enough nodes are closer to it than we are.
        case othersCloser
    }

    /// What a search came to.
    public struct Sought: Hashable, Sendable {
        /// How many nodes answered.
        public var answered: Int
        /// How many of them had a value.
        public var found: Int
    }
}

/// How upkeep stands.
public struct UpkeepSnapshot: Hashable, Sendable {
    /// Whether storing again waits, and for what.
    public var phase: Phase
    /// Keys that were due at the last look.
    public var dueKeys: Int
    /// Keys that come due sooner or later.
    public var keptKeys: Int
    /// Keys with a value that others had ceased to serve when it was listed as due, pinned ones aside.
    public var lateKeys: Int
    /// Due keys that are not stored yet, those in arcs that are being worked on included.
    public var waitingKeys: Int
    /// Arcs that are being worked on.
    public var activeArcs: Int
    /// How many nodes there are to store on, as far as lookups tell.
    public var nodes: Int
    /// When the next key comes due; `nil` where none is known.
    public var nextDue: Instant?

    /// What upkeep is doing.
    public enum Phase: String, Hashable, Sendable {
        /// It is switched off.
        case off
        /// The routing table is not good yet.
        case waitingForTable = "waiting for the routing table"
        /// Values are being stored.
        case working
        /// Nothing is due.
        case idle
    }
}
