public import IPv8

/// The iterative lookup of the nodes closest to a target. It asks the closest known nodes, learns of closer ones, and
/// continues until the closest nodes that answer have all answered.
///
/// This type sends nothing and knows no time. Call ``next()`` for a node to ask, report the result, and repeat until
/// ``isFinished``.
///
/// A candidate is waiting, then asked, perhaps late, then answered or failed; it never goes back. Nobody waits for a late
/// node while there are others: the lookup goes on and may end without it, but its answer still counts. A candidate that the
/// caller doubts is put off: it is asked only if too few others answer. A node's answer can add candidates, but it can neither
/// end the lookup nor replace another node's answer. One network cannot be all of the closest nodes: see ``PrefixShare``.
///
/// The reference's crawl differs: it stops after 24 requests and counts silent nodes among its results.
public struct Lookup: Sendable {
    public let target: Target
    /// How many closest nodes the caller wants.
    public let resultCountMax: Int
    /// How many requests have been made.
    public private(set) var askedCount = 0

    private var candidates: [Candidate] = []
    /// How many nodes are asked beyond those that are needed. Once one has been late, others are likely to be: their
    /// replacements are asked before that is known.
    private var spareCount = 0
    private let ownMid: Mid
    private let limitsLocal: Bool

    private struct Candidate {
        let id: NodeID
        let node: NodeInfo
        let distance: Distance
        /// The node that last named this one, which can have it open its NAT for us; `nil` if that has been done: a node that
        /// names others has the first of them puncture us.
        var introducer: NodeInfo?
        var state = State.waiting

        enum State { case waiting, putOff, asked, late, answered, failed }

        var wasAsked: Bool { state != .waiting && state != .putOff }
        /// Whether an answer of the node is still expected.
        var isOutstanding: Bool { state == .asked || state == .late }
        /// Whether the lookup ends only with the node's answer, if it is one of the closest.
        var counts: Bool { state != .failed && state != .late && state != .putOff }
    }

    /// The number of concurrent requests (the reference's `MAX_CRAWL_TASKS`).
    public static let parallelMax = 4
    /// The total number of requests of one lookup.
    public static let requestsMax = 64
    /// How many nodes at one address are asked.
    private static let keysPerAddressMax = 2
    /// The number of candidates; the farthest are dropped first.
    private static let candidatesMax = 128
    /// How many nodes of one answer count.
    private static let nodesOfAnswerMax = FindResponse.nodeCountMax

    /// Starts a lookup.
    ///
    /// - Parameters:
    ///   - seeds: the closest nodes known.
    ///   - ownMid: our own identity; a lookup does not ask itself.
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

    /// A node to ask.
    public struct Step: Hashable, Sendable {
        public let node: NodeInfo
        /// The node that can make this one open its NAT for us; `nil` if that has been done or is impossible.
        public let introducer: NodeInfo?
    }

    /// The next node to ask; `nil` while enough requests are under way, or if no node is left.
    ///
    /// - Parameter isDoubtful: whether a node is likely not to answer, so that others are asked before it.
    public mutating func next(doubting isDoubtful: (NodeInfo) -> Bool = { _ in false }) -> Step? {
        guard askedCount < Lookup.requestsMax, outstandingCount < Lookup.parallelMax else { return nil }
        while !isFinished, let index = closestWaiting {
            guard isDoubtful(candidates[index].node) else { return ask(index) }
            candidates[index].state = .putOff
        }
        guard answeredCount + outstandingCount < resultCountMax else { return nil }
        return candidates.firstIndex { $0.state == .putOff }.map { ask($0) }
    }

    /// Whether an address has been asked under as many keys as it may have: one node sits there, perhaps with a new key.
    private func isAskedEnough(_ address: Address) -> Bool {
        candidates.count { $0.node.address == address && $0.wasAsked } >= Lookup.keysPerAddressMax
    }

    private var closestWaiting: Int? {
        closestIndices(resultCountMax + spareCount).first { candidates[$0].state == .waiting }
    }

    private mutating func ask(_ index: Int) -> Step {
        candidates[index].state = .asked
        askedCount += 1
        let asked = candidates[index]
        if isAskedEnough(asked.node.address) {
            candidates.removeAll { $0.node.address == asked.node.address && !$0.wasAsked }
        }
        return Step(node: asked.node, introducer: asked.introducer)
    }

    /// Records an answer, and the nodes that it named.
    public mutating func answered(_ node: NodeInfo, naming nodes: [NodeInfo]) {
        guard settle(node, as: .answered) else { return }
        for (place, named) in nodes.prefix(Lookup.nodesOfAnswerMax).enumerated() {
            consider(named, introducedBy: place == 0 ? nil : node)
        }
    }

    /// Adds a node from another source than an answer of this lookup.
    public mutating func learn(of node: NodeInfo) { consider(node, introducedBy: nil) }

    /// Records that a node has taken longer than most do, so that another one is asked in its place.
    public mutating func late(_ node: NodeInfo) {
        guard let index = candidates.firstIndex(where: { $0.node == node && $0.state == .asked }) else { return }
        candidates[index].state = .late
        spareCount = 1
    }

    /// Records that a node did not answer.
    public mutating func failed(_ node: NodeInfo) { _ = settle(node, as: .failed) }

    /// Whether all of the closest nodes have answered. If too few have answered, late nodes are waited for, and those that
    /// were put off are asked.
    public var isFinished: Bool {
        let mayAsk = askedCount < Lookup.requestsMax
        let isIncomplete = closestIndices(resultCountMax).contains {
            candidates[$0].state == .asked || mayAsk && candidates[$0].state == .waiting
        }
        guard !isIncomplete else { return false }
        return answeredCount >= resultCountMax
            || !candidates.contains { $0.isOutstanding || mayAsk && $0.state == .putOff }
    }

    /// The nodes that answered, closest first.
    public var responders: [NodeInfo] { candidates.filter { $0.state == .answered }.map(\.node) }

    /// How many nodes answered.
    public var answeredCount: Int { candidates.count { $0.state == .answered } }

    private var outstandingCount: Int { candidates.count { $0.state == .asked } }

    /// The closest candidates that have not failed, are not late and were not put off. The lookup ends when they have
    /// answered. Candidates whose network already has its share among closer ones are included only if there are not enough
    /// others.
    private func closestIndices(_ count: Int) -> [Int] {
        var share = PrefixShare(limitingLocal: limitsLocal)
        var chosen: [Int] = []
        var crowded: [Int] = []
        for index in candidates.indices where candidates[index].counts {
            if share.admits(candidates[index].node.address.host) {
                chosen.append(index)
                if chosen.count == count { return chosen }
            } else if crowded.count < count {
                crowded.append(index)
            }
        }
        return chosen + crowded.prefix(count - chosen.count)
    }

    private mutating func settle(_ node: NodeInfo, as state: Candidate.State) -> Bool {
        guard let index = candidates.firstIndex(where: { $0.node == node && $0.isOutstanding }) else { return false }
        candidates[index].state = state
        return true
    }

    private mutating func consider(_ node: NodeInfo, introducedBy introducer: NodeInfo?) {
        guard node.publicKey.mid != ownMid, node.address.isReachable, !isAskedEnough(node.address) else { return }
        let id = NodeID(host: node.address.host, mid: node.publicKey.mid)
        let candidate = Candidate(id: id, node: node, distance: Distance(id, target), introducer: introducer)
        let index = candidates.firstIndex { candidate.distance <= $0.distance } ?? candidates.count
        let known = candidates[index...].prefix { $0.distance == candidate.distance }.firstIndex { $0.node == node }
        if let known {
            if let introducer, candidates[known].introducer != nil { candidates[known].introducer = introducer }
            return
        }
        candidates.insert(candidate, at: index)
        dropFarthest()
    }

    /// Keeps the list bounded without dropping a node that was asked.
    private mutating func dropFarthest() {
        guard candidates.count > Lookup.candidatesMax,
            let index = candidates.lastIndex(where: { $0.state == .waiting || $0.state == .putOff })
        else { return }
        candidates.remove(at: index)
    }
}
