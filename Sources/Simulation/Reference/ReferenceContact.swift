internal import IPv8
internal import Kademlia

/// A node as the reference knows it. One that is in the routing table and one that an answer named are two objects, even
/// where they are the same node: what happens to the one is not known of the other.
final class ReferenceContact {
    let id: NodeID
    let node: NodeInfo
    /// When it last answered; `nil` if it never did.
    var lastResponse: Instant?
    var lastPing = Instant.distantPast
    /// How many requests in a row it left unanswered.
    var failures = 0
    /// How long its last answer took; nothing before the first.
    var roundTrip = Duration.zero
    /// The moments of its last requests to us.
    private var queries: [Instant] = []

    /// `NODE_LIMIT_QUERIES` in `NODE_LIMIT_INTERVAL`.
    private static let queriesMax = 10
    private static let queriesInterval: Duration = .seconds(5)

    init(_ node: NodeInfo) {
        self.node = node
        id = NodeID(host: node.address.host, mid: node.publicKey.mid)
    }

    var mid: Mid { node.publicKey.mid }

    /// Whether it left two requests in a row unanswered: such a one is named to nobody and soon forgotten.
    var isBad: Bool { failures >= 2 }

    /// When it last asked something.
    var lastQuery: Instant { queries.last ?? .distantPast }

    /// Whether it has asked so much lately that it is not listened to.
    func isBlocked(at now: Instant) -> Bool {
        guard queries.count >= ReferenceContact.queriesMax, let first = queries.first else { return false }
        return now - first < ReferenceContact.queriesInterval
    }

    func noteQuery(at now: Instant) {
        if queries.count >= ReferenceContact.queriesMax { queries.removeFirst() }
        queries.append(now)
    }

    func noteResponse(at now: Instant, sentAt: Instant) {
        lastResponse = now
        failures = 0
        roundTrip = now - sentAt
    }
}
