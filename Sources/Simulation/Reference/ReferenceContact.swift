internal import IPv8
internal import Kademlia

/// A node as the reference knows it. A node in the routing table and the same node in an answer are two objects that do
/// not share what happens to them.
final class ReferenceContact {
    let id: NodeID
    let node: NodeInfo
    /// When it last answered; `nil` if it never did.
    var lastResponse: Instant?
    var lastPing = Instant.distantPast
    /// Consecutive unanswered requests.
    var failures = 0
    /// How long its last answer took; `nil` before the first.
    var roundTrip = Duration.zero
    /// The times of its last requests to us.
    private var queries: [Instant] = []

    /// `NODE_LIMIT_QUERIES` in `NODE_LIMIT_INTERVAL`.
    private static let queriesMax = 10
    private static let queriesInterval: Duration = .seconds(5)

    init(_ node: NodeInfo) {
        self.node = node
        id = NodeID(host: node.address.host, mid: node.publicKey.mid)
    }

    var mid: Mid { node.publicKey.mid }

    /// Whether it left two consecutive requests unanswered: such a node is not named to anybody and is soon dropped.
    var isBad: Bool { failures >= 2 }

    /// When it last sent a request.
    var lastQuery: Instant { queries.last ?? .distantPast }

    /// Whether it has sent so many requests lately that they are ignored.
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
