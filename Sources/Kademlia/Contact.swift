public import IPv8

/// A node in the routing table, and how it has behaved.
public struct Contact: Hashable, Sendable {
    /// The node's position in the key space.
    public let id: NodeID
    /// The node's address and key.
    public var node: NodeInfo
    /// When it last answered us.
    public var lastResponse: Instant
    /// When it last sent us a request, if ever.
    public var lastQuery: Instant?
    /// When we last asked it for a sign of life, if ever.
    public var lastPing: Instant?
    /// Consecutive requests without an answer. Requests that were on their way together count once.
    public var failures = 0
    /// When the last of them failed; `nil` if the node has answered since.
    public var lastFailure: Instant?
    /// How long its last answer took.
    public var roundTrip: Duration?

    /// After this many consecutive failures a node is bad.
    public static let failuresMax = 2
    /// How long a node is good after an answer.
    public static let goodFor: Duration = .seconds(15 * 60)
    /// How long a node may be quiet before it is asked for a sign of life (the reference's `PING_INTERVAL`).
    public static let quietMax: Duration = .seconds(25)
    /// How long a node may go without an answer while it sends us requests. A request is a sign of life and keeps the
    /// same NAT holes open, but somebody else may have recorded it earlier. An answer cannot be recorded in advance.
    public static let unansweringMax: Duration = .seconds(5 * 60)

    /// A node that has just answered.
    public init(_ node: NodeInfo, answeredAt now: Instant) {
        id = NodeID(host: node.address.host, mid: node.publicKey.mid)
        self.node = node
        lastResponse = now
    }

    /// When a node with these times needs to be asked for a sign of life.
    static func pingDue(lastResponse: Instant, lastQuery: Instant?, lastPing: Instant?) -> Instant {
        var due = lastResponse + quietMax
        if let lastQuery { due = max(due, min(lastQuery + quietMax, lastResponse + unansweringMax)) }
        if let lastPing { due = max(due, lastPing + quietMax) }
        return due
    }

    /// Whether a node is likely to answer.
    public enum Status: String, Hashable, Sendable {
        /// It answered lately, or it answered once and sent us a request lately.
        case good
        /// It has been quiet for a while.
        case unknown
        /// It left two consecutive requests unanswered.
        case bad
    }

    /// The node's state now, by the rules of BEP 5, as in the reference.
    public func status(at now: Instant) -> Status {
        if failures >= Contact.failuresMax { return .bad }
        let heardOf = max(lastResponse, lastQuery ?? lastResponse)
        return now - heardOf < Contact.goodFor ? .good : .unknown
    }
}
