public import IPv8

/// A node that the routing table knows, and how it has behaved.
public struct Contact: Hashable, Sendable {
    /// Where the node stands in the key space.
    public let id: NodeID
    /// Where it is reached, and its key.
    public var node: NodeInfo
    /// When it last answered us.
    public var lastResponse: Instant
    /// When it last asked us something; `nil` where it never did.
    public var lastQuery: Instant?
    /// When it was last asked for a sign of life; `nil` where it never was.
    public var lastPing: Instant?
    /// How many of our requests in a row it has left unanswered, those that were on their way together counted once.
    public var failures = 0
    /// When the last of them was given up; `nil` where it has answered since.
    public var lastFailure: Instant?
    /// How long its last answer took.
    public var roundTrip: Duration?

    /// A node is bad after so many failures in a row.
    public static let failuresMax = 2
    /// How long an answer makes a node good.
    public static let goodFor: Duration = .seconds(15 * 60)
    /// How long a node may be quiet before it is asked for a sign of life (the reference's `PING_INTERVAL`).
    public static let quietMax: Duration = .seconds(25)
    /// How long a node may go without an answer while it asks us things. What it asks is a sign of life, and keeps open the
    /// same holes in NATs; but somebody else may have recorded it earlier, which cannot be with an answer.
    public static let unansweringMax: Duration = .seconds(5 * 60)

    /// A node that has just answered.
    public init(_ node: NodeInfo, answeredAt now: Instant) {
        id = NodeID(host: node.address.host, mid: node.publicKey.mid)
        self.node = node
        lastResponse = now
    }

    /// When a node is to be asked for a sign of life that last did these things.
    static func pingDue(lastResponse: Instant, lastQuery: Instant?, lastPing: Instant?) -> Instant {
        var due = lastResponse + quietMax
        if let lastQuery { due = max(due, min(lastQuery + quietMax, lastResponse + unansweringMax)) }
        if let lastPing { due = max(due, lastPing + quietMax) }
        return due
    }

    /// What is to be expected of a node.
    public enum Status: String, Hashable, Sendable {
        /// It answered lately, or answered once and asked us something lately.
        case good
        /// It has been quiet for a while.
        case unknown
        /// It left two requests in a row unanswered.
        case bad
    }

    /// What is to be expected of the node now, by the rules of BEP 5, as in the reference.
    public func status(at now: Instant) -> Status {
        if failures >= Contact.failuresMax { return .bad }
        let heardOf = max(lastResponse, lastQuery ?? lastResponse)
        return now - heardOf < Contact.goodFor ? .good : .unknown
    }
}
