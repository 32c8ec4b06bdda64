public import IPv8

/// The search for the nodes closest to a target: asks the closest ones known, learns of closer ones, and goes on until
/// the closest that answer have all answered.
///
/// Only the search itself: it sends nothing and knows no time. Ask ``next()`` for whom to ask, tell it what came of it,
/// and repeat until ``isFinished``.
///
/// A candidate is waiting, then asked, then answered or failed, and never anything before that again. What a node says
/// can add candidates, but it can neither end the search nor take the place of an answer. Nor can one network be all of
/// the closest: see ``PrefixShare``.
///
/// Differs from the reference's crawl, which stops after 24 requests and counts silent nodes among its results.
public struct Lookup: Sendable {
    /// What is looked for.
    public let target: Target
    /// How many closest nodes are wanted.
    public let resultCountMax: Int
    /// How many requests have been made.
    public private(set) var askedCount = 0

    private var candidates: [Candidate] = []
    private let ownMid: Mid
    private let limitsLocal: Bool

    private struct Candidate {
        let id: NodeID
        let node: NodeInfo
        let distance: Distance
        /// Who named the node, unless it was named first: whoever names nodes has the first of them puncture the asker.
        let introducer: NodeInfo?
        var state = State.waiting

        enum State { case waiting, asked, answered, failed }
    }

    /// How many requests are under way at once (the reference's `MAX_CRAWL_TASKS`).
    public static let parallelMax = 4
    /// How many requests one lookup makes in all.
    public static let requestsMax = 64
    /// How many candidates are kept; the farthest go first.
    private static let candidatesMax = 128
    /// How many nodes of one answer are considered.
    private static let nodesOfAnswerMax = FindResponse.nodeCountMax

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - seeds: the closest nodes known.
    ///   - ownMid: the identity of the searcher, who does not ask itself.
    ///   - limitsLocal: whether loopback and private networks are limited like all others.
    public init(
        target: Target, seeds: [NodeInfo], ownMid: Mid, resultCountMax: Int = 8, limitsLocal: Bool = false
    ) {
        self.target = target
        self.ownMid = ownMid
        self.limitsLocal = limitsLocal
        self.resultCountMax = resultCountMax
        for seed in seeds { consider(seed, introducedBy: nil) }
    }

    /// Whom to ask.
    public struct Step: Hashable, Sendable {
        /// The node to ask.
        public let node: NodeInfo
        /// Who can have the node open its NAT for us first; `nil` where that has been done, or cannot be.
        public let introducer: NodeInfo?
    }

    /// The next step; `nil` while enough requests are under way, or when nobody is left to ask.
    public mutating func next() -> Step? {
        guard askedCount < Lookup.requestsMax, outstandingCount < Lookup.parallelMax else { return nil }
        guard let index = closestIndices.first(where: { candidates[$0].state == .waiting }) else { return nil }
        candidates[index].state = .asked
        askedCount += 1
        return Step(node: candidates[index].node, introducer: candidates[index].introducer)
    }

    /// Notes that a node that was asked has answered, and which nodes it named.
    public mutating func answered(_ node: NodeInfo, naming nodes: [NodeInfo]) {
        guard settle(node, as: .answered) else { return }
        for (place, named) in nodes.prefix(Lookup.nodesOfAnswerMax).enumerated() {
            consider(named, introducedBy: place == 0 ? nil : node)
        }
    }

    /// Hears of a node from elsewhere than an answer of this search.
    public mutating func learn(of node: NodeInfo) { consider(node, introducedBy: nil) }

    /// Notes that a node that was asked has not answered.
    public mutating func failed(_ node: NodeInfo) { _ = settle(node, as: .failed) }

    /// Whether nothing is under way and nothing is left to ask.
    public var isFinished: Bool {
        guard outstandingCount == 0 else { return false }
        return askedCount >= Lookup.requestsMax
            || !closestIndices.contains { candidates[$0].state == .waiting }
    }

    /// The nodes that answered, closest first.
    public var responders: [NodeInfo] { candidates.filter { $0.state == .answered }.map(\.node) }

    /// How many nodes answered.
    public var answeredCount: Int { candidates.count { $0.state == .answered } }

    private var outstandingCount: Int { candidates.count { $0.state == .asked } }

    /// The closest candidates that have not failed: those the search must hear of before it may end. Those whose network has
    /// its share among the closer ones only where there are not enough others.
    private var closestIndices: [Int] {
        var share = PrefixShare(limitingLocal: limitsLocal)
        var chosen: [Int] = []
        var crowded: [Int] = []
        for index in candidates.indices where candidates[index].state != .failed {
            if share.admits(candidates[index].node.address.host) {
                chosen.append(index)
                if chosen.count == resultCountMax { return chosen }
            } else if crowded.count < resultCountMax {
                crowded.append(index)
            }
        }
        return chosen + crowded.prefix(resultCountMax - chosen.count)
    }

    private mutating func settle(_ node: NodeInfo, as state: Candidate.State) -> Bool {
        guard let index = candidates.firstIndex(where: { $0.node == node && $0.state == .asked }) else { return false }
        candidates[index].state = state
        return true
    }

    private mutating func consider(_ node: NodeInfo, introducedBy introducer: NodeInfo?) {
        guard node.publicKey.mid != ownMid, node.address.isReachable else { return }
        let id = NodeID(host: node.address.host, mid: node.publicKey.mid)
        let candidate = Candidate(id: id, node: node, distance: Distance(id, target), introducer: introducer)
        let index = candidates.firstIndex { candidate.distance <= $0.distance } ?? candidates.count
        let isKnown = candidates[index...].prefix { $0.distance == candidate.distance }.contains { $0.node == node }
        guard !isKnown else { return }
        candidates.insert(candidate, at: index)
        dropFarthest()
    }

    /// Keeps the list bounded without forgetting anybody who was asked.
    private mutating func dropFarthest() {
        guard candidates.count > Lookup.candidatesMax,
            let index = candidates.lastIndex(where: { $0.state == .waiting })
        else { return }
        candidates.remove(at: index)
    }
}
