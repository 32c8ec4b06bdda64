public import IPv8

/// The republisher's state.
public struct RepublisherSnapshot: Hashable, Sendable {
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
