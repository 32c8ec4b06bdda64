internal import IPv8
internal import Kademlia
internal import Maintenance

/// Lookups of the nodes and values near a target, and publications on the nodes that a lookup found.
///
/// A lookup goes on when a node answers, is late or fails, and is over when nobody is left to ask. Each step returns the
/// lookup once it is over; what follows is for others to know.
struct Searches: Sendable {
    private var lookups: [ActivityID: ActiveLookup] = [:]
    private var publications: [ActivityID: Publication] = [:]
    private let ownMid: Mid
    private let limitsLocal: Bool

    /// How many nodes hold a value (the reference's `TARGET_NODES`).
    static let replicasWanted = 8
    /// How many values of one node are asked for.
    static let valuesPerNodeMax: UInt32 = 256
    /// How many lookups and publications may be under way at once.
    static let countMax = 1024

    init(_ configuration: NodeConfiguration) {
        ownMid = configuration.identity.mid
        limitsLocal = configuration.limitsLocalNetworks
    }

    /// How many lookups and publications are under way.
    var count: Int { lookups.count + publications.count }

    /// How many tokens of other nodes they hold.
    var tokenCount: Int {
        lookups.values.reduce(0) { $0 + $1.tokens.count } + publications.values.reduce(0) { $0 + $1.tokenCount }
    }

    /// Whether maintenance is looking through a part of the key space.
    var isRefreshing: Bool {
        lookups.values.contains { if case .refresh(nil) = $0.purpose { true } else { false } }
    }

    /// The lookups of maintenance, oldest first. They wait while the budget of maintenance is used up.
    var maintenanceLookups: [ActivityID] {
        lookups.filter(\.value.purpose.isMaintenance).keys.sorted { $0.number < $1.number }
    }

    /// How far the lookup or the publication for a user's command has come.
    func progress(of command: CommandID) -> CommandProgress? {
        if let lookup = lookups.values.first(where: { $0.purpose.command == command }) {
            return .lookingUp(asked: lookup.askedCount, answered: lookup.answeredCount)
        }
        return publications.values.first { $0.command == command }
            .map { .storing(asked: $0.outcome.askedCount, acknowledged: $0.acknowledgedCount) }
    }

    // MARK: Lookups

    /// Begins a lookup, which is to be advanced next; `nil` if too many are under way.
    mutating func begin(
        _ purpose: ActiveLookup.Purpose, for target: Target, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) -> ActivityID? {
        guard count < Searches.countMax else { return nil }
        let id = turn.claimActivityID()
        var lookup = ActiveLookup(
            purpose: purpose, target: target, begunAt: turn.now, limitsLocal: limitsLocal,
            isBudgeted: purpose.isMaintenance && requests.limitsMaintenance, searches: [:])
        for family in turn.sockets.families {
            let count = lookup.nodesWanted
            // Spare ones are asked in place of those that are late or gone. Nodes that have values name nobody.
            guard let seeds = overlay.seeds(for: target, in: family, count: 2 * count, at: turn.now) else { continue }
            lookup.searches[family] = Lookup(
                target: target, seeds: seeds, ownMid: ownMid, resultCountMax: count, limitsLocal: limitsLocal)
        }
        lookups[id] = lookup
        return id
    }

    /// Has a lookup wait for the values of our own archive.
    mutating func awaitOwnValues(_ id: ActivityID) { lookups[id]?.awaitsOwnValues = true }

    /// Asks the nodes that are next in a lookup, and ends it when there are none.
    mutating func advance(
        _ id: ActivityID, _ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        guard var lookup = lookups.removeValue(forKey: id) else { return nil }
        if lookup.isBudgeted { requests.refillBudget(at: turn.now) }
        for family in turn.sockets.families {
            while !lookup.isBudgeted || requests.haveRoomForMaintenance,
                let step = lookup.searches[family]?.next(doubting: { requests.isSilent($0, at: turn.now) })
            {
                let isUnderWay =
                    havePunctured(step, lookup, id, &overlay, &requests, &turn)
                    || requests.submit(lookup.request(to: step.node, for: id), &turn)
                if !isUnderWay { lookup.searches[family]?.failed(step.node) }
            }
        }
        if lookup.isOver { return lookup }
        if lookup.isBudgeted, !requests.haveRoomForMaintenance { turn.republishSoon() }
        lookups[id] = lookup
        return nil
    }

    /// Asks the node that named the next one to have it open its NAT for us. Returns `false`, and asks nobody, if the NAT is
    /// open, if the node is in one of the machine's own networks, or if the node that named it is busy.
    private func havePunctured(
        _ step: Lookup.Step, _ lookup: ActiveLookup, _ id: ActivityID, _ overlay: inout Overlay,
        _ requests: inout Requests, _ turn: inout Turn
    ) -> Bool {
        guard let introducer = step.introducer, !step.node.address.host.isLoopback,
            !overlay.isOpen(step.node, at: turn.now)
        else { return false }
        // With the node's own id as target, it is the first to be named, and so the one that is punctured.
        let request = Request(
            .find(Target(bits: step.node.id.bits), offset: 0, wantsNodes: true), to: introducer,
            for: .puncture(id, step.node), isBudgeted: lookup.isBudgeted)
        guard requests.submitPuncture(request, &turn) else { return false }
        // The node itself is asked then, in any case.
        if lookup.isBudgeted { requests.promise() }
        return true
    }

    /// Asks a node that is next in a lookup, after it has been punctured as far as that went. The lookup may have ended without
    /// the node.
    mutating func ask(
        _ node: NodeInfo, for id: ActivityID, isBudgeted: Bool, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) -> ActiveLookup? {
        if isBudgeted { requests.takeBackPromise() }
        guard let request = lookups[id]?.request(to: node, for: id) else { return nil }
        return requests.submit(request, &turn) ? nil : failed(id, node, &overlay, &requests, &turn)
    }

    mutating func answered(
        _ id: ActivityID, by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], _ overlay: inout Overlay,
        _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        lookups[id]?.answered(
            by: node, response, entries, naming: overlay.askable(response.nodes, namedBy: node.address))
        askForPage(after: 0, response, of: node, for: id, &requests, &turn)
        return advance(id, &overlay, &requests, &turn)
    }

    mutating func failed(
        _ id: ActivityID, _ node: NodeInfo, _ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        lookups[id]?.searches[node.address.family]?.failed(node)
        return advance(id, &overlay, &requests, &turn)
    }

    /// A node's answer is late: another one is asked in its place.
    mutating func late(
        _ id: ActivityID, _ node: NodeInfo, _ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        lookups[id]?.searches[node.address.family]?.late(node)
        return advance(id, &overlay, &requests, &turn)
    }

    mutating func ownValuesLoaded(
        _ values: [[UInt8]], for id: ActivityID, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) -> ActiveLookup? {
        lookups[id]?.awaitsOwnValues = false
        for value in values {
            guard let entry = try? Entry(bytes: value) else { continue }
            lookups[id]?.findings.add(entry, from: nil)
        }
        return advance(id, &overlay, &requests, &turn)
    }

    // MARK: Pages of values

    /// Asks for the next page of a node's values, if the one before was full.
    private mutating func askForPage(
        after offset: UInt32, _ response: FindResponse, of node: NodeInfo, for id: ActivityID,
        _ requests: inout Requests, _ turn: inout Turn
    ) {
        let next = offset + UInt32(FindResponse.valueCountMax)
        guard response.values.count >= FindResponse.valueCountMax, next < Searches.valuesPerNodeMax,
            let lookup = lookups[id]
        else { return }
        let request = Request(
            .find(lookup.target, offset: next, wantsNodes: false), to: node, for: .page(id),
            isBudgeted: lookup.isBudgeted)
        if requests.submit(request, &turn) { lookups[id]?.outstandingPages += 1 }
    }

    mutating func pageAnswered(
        _ id: ActivityID, by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], to request: Request,
        _ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        guard case .find(_, let offset, _) = request.body else { return nil }
        lookups[id]?.outstandingPages -= 1
        for entry in entries { lookups[id]?.findings.add(entry, from: node) }
        askForPage(after: offset, response, of: node, for: id, &requests, &turn)
        return advance(id, &overlay, &requests, &turn)
    }

    mutating func pageFailed(
        _ id: ActivityID, _ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn
    ) -> ActiveLookup? {
        lookups[id]?.outstandingPages -= 1
        return advance(id, &overlay, &requests, &turn)
    }

    // MARK: Publications

    /// Stores a user's value on the nodes that a lookup found, the closest first.
    mutating func publish(
        _ entry: Entry, onRespondersOf lookup: ActiveLookup, for command: CommandID, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        let id = turn.claimActivityID()
        publications[id] = Publication(
            command: command, target: lookup.target, entry: entry, candidates: lookup.respondersWithTokens)
        advance(publication: id, &requests, &turn)
    }

    /// A store request of a publication was answered, or was given up.
    mutating func publicationSettled(
        _ id: ActivityID, isAcknowledged: Bool, wasLate: Bool, _ requests: inout Requests, _ turn: inout Turn
    ) {
        publications[id]?.awaited.ended(wasLate: wasLate)
        if isAcknowledged { publications[id]?.acknowledgedCount += 1 }
        advance(publication: id, &requests, &turn)
    }

    /// An acknowledgement is late: another node is asked in its place. It still counts if it comes.
    mutating func publicationIsLate(_ id: ActivityID, _ requests: inout Requests, _ turn: inout Turn) {
        publications[id]?.awaited.becameLate()
        advance(publication: id, &requests, &turn)
    }

    /// Asks as many nodes as replicas are missing, and ends when none is missing or nobody is left.
    private mutating func advance(publication id: ActivityID, _ requests: inout Requests, _ turn: inout Turn) {
        guard var publication = publications.removeValue(forKey: id) else { return }
        while let (node, token) = publication.takeNextCandidate() {
            let request = Request(
                .store(token, publication.target, [publication.entry.bytes]), to: node, for: .publication(id))
            if requests.submit(request, &turn) { publication.noteAsked() }
        }
        guard publication.isOver else { return publications[id] = publication }
        turn.complete(publication.command, .published(publication.outcome))
    }
}

/// A value on its way to the nodes that are to hold it.
struct Publication: Sendable {
    let command: CommandID
    let target: Target
    let entry: Entry
    /// Nodes that answered the lookup and gave a token, closest first, and have not been asked yet.
    private var candidates: ArraySlice<(node: NodeInfo, token: Token)>
    private var askedCount = 0
    var acknowledgedCount = 0
    var awaited = AwaitedAnswers()

    init(command: CommandID, target: Target, entry: Entry, candidates: [(node: NodeInfo, token: Token)]) {
        self.command = command
        self.target = target
        self.entry = entry
        self.candidates = candidates[...]
    }

    /// How many nodes have given a token and not been asked.
    var tokenCount: Int { candidates.count }

    /// The next node to ask; `nil` if no replica is missing that is not under way, or nobody is left.
    mutating func takeNextCandidate() -> (node: NodeInfo, token: Token)? {
        acknowledgedCount + awaited.promptCount < Searches.replicasWanted ? candidates.popFirst() : nil
    }

    /// Whether nobody is waited for. Late nodes are waited for only while replicas are missing.
    var isOver: Bool { awaited.isOver(isEnough: acknowledgedCount >= Searches.replicasWanted) }

    mutating func noteAsked() {
        askedCount += 1
        awaited.asked()
    }

    var outcome: PublishOutcome { PublishOutcome(askedCount: askedCount, acknowledgedCount: acknowledgedCount) }
}
