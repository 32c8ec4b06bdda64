internal import IPv8
internal import Kademlia
internal import Maintenance

/// Republishes, arc by arc, what would otherwise be lost to the DHT.
///
///     waiting for the table → list what is due → arcs → for each: look up, read, store, note → list again
///
/// Nothing is republished before the routing table is good: after a long absence everything is due at once, and what went to
/// the wrong nodes would have to go out again. A value that was republished is served here for as long as there, which moves
/// its due time on the disk: so a node that is killed goes on where it was, and repeats only what was under way.
struct Republisher: Sendable {
    private let isEnabled: Bool
    private let limits: RepublishLimits
    private let servedFor: Duration
    private let limitsLocal: Bool
    /// The arcs whose turn has not come.
    private var queue = ArcQueue()
    /// The arcs that are being worked on.
    private var runs: [ActivityID: ArcRun] = [:]
    private var isListing = false
    /// Whether more is due: the last list was cut off, or something has to be done again.
    private var mayHaveMore = false
    private var listedAt = Instant.distantPast
    /// When the last arc of the list was done; `nil` if none was, or if it has been listed anew since.
    private var doneAt: Instant?
    private var nextDue: Instant?
    private var dueCount = 0
    private var keptCount = 0
    private var lateCount = 0
    private var firstContactAt: Instant?
    /// The most contacts that there have been, in the last run or this one.
    private(set) var contactsBefore: Int
    private var tableIsGood = false
    private var density = NodeDensity()

    /// How many due keys are taken from the archive at once.
    private static let keysPerListing = 65_536
    /// How often the archive is asked for what is due, if it is known that there is more.
    private static let listingInterval: Duration = .seconds(30)
    /// How long after the last of them is done it is not asked, so that the index has heard of it.
    private static let settlingInterval: Duration = .seconds(4)
    /// How long a key waits that others are closer to.
    private static let othersCloserInterval: Duration = .seconds(900)
    /// How long a key waits that nobody acknowledged.
    private static let retryInterval: Duration = .seconds(300)
    /// How long the routing table may take to reach the size that it had, before republishing begins without.
    private static let recoveryMax: Duration = .seconds(60)
    /// How often what is under way is looked at: several times while a peer accepts one request.
    fileprivate static let busyInterval: Duration = .milliseconds(250)
    /// How many lookups for arcs are under way at once: the nodes that were found have to be stored on while their tokens live.
    private static let lookupsMax = 16

    init(_ configuration: NodeConfiguration, contactsBefore: Int) {
        isEnabled = configuration.republishes
        limits = configuration.republishLimits
        servedFor = configuration.servedFor
        limitsLocal = configuration.limitsLocalNetworks
        self.contactsBefore = contactsBefore
    }

    var isBusy: Bool { !runs.isEmpty || !queue.isEmpty }
    var arcsMax: Int { limits.arcsMax }
    /// When the tokens were gathered that the arcs under way store with.
    var tokensGatheredAt: [Instant] { runs.values.compactMap { $0.pool?.gatheredAt }.sorted() }

    // MARK: What is due

    /// Whether the routing table is as good as it was, or as it will be.
    mutating func isTableGood(_ overlay: inout Overlay, isRefreshing: Bool, at now: Instant) -> Bool {
        let contactCount = overlay.contactCount
        guard contactCount > 0 else {
            firstContactAt = nil
            tableIsGood = false
            return false
        }
        if tableIsGood {
            contactsBefore = max(contactsBefore, contactCount)
            return true
        }
        let firstContactAt = firstContactAt ?? now
        self.firstContactAt = firstContactAt
        let isAsLargeAsBefore = contactCount * 2 >= contactsBefore
        guard overlay.hasSoughtOwnIDs, !isRefreshing,
            isAsLargeAsBefore || now - firstContactAt >= Republisher.recoveryMax
        else { return false }
        tableIsGood = true
        return true
    }

    /// Asks for what is due, if it is time to.
    mutating func listDueKeys(_ turn: inout Turn) {
        guard !isListing, queue.isEmpty, runs.count * 2 <= limits.arcsMax else { return }
        let isHungry = runs.isEmpty && mayHaveMore
        let isSettling = doneAt.map { turn.now - $0 < Republisher.settlingInterval } ?? false
        let interval = mayHaveMore ? Republisher.listingInterval : limits.gatherFor
        if isHungry || !isSettling && turn.now - listedAt >= interval {
            guard list(Republisher.keysPerListing, &turn) else { return }
            listedAt = turn.now
        } else if doneAt != nil, !isSettling {
            // How much is due and what comes next is known before enough has gathered.
            _ = list(0, &turn)
        }
    }

    private mutating func list(_ limit: Int, _ turn: inout Turn) -> Bool {
        guard let id = turn.begin(Continuations.Listing(limit: limit)) else { return false }
        isListing = true
        doneAt = nil
        turn.append(.listDueKeys(id, limit: limit))
        return true
    }

    /// Sorts what is due into arcs. Returns whether there is something to begin with.
    mutating func listed(_ due: DueKeys, limit: Int, _ overlay: inout Overlay, at now: Instant) -> Bool {
        isListing = false
        dueCount = due.total
        keptCount = due.kept
        nextDue = due.nextDue
        if due.total == 0 { lateCount = 0 }
        guard limit > 0 else { return false }
        lateCount = due.keys.count { $0.deadline < now && !$0.isPinned }
        mayHaveMore = due.keys.count >= Republisher.keysPerListing
        let underWay = Set(runs.values.lazy.flatMap { $0.arc.keys.lazy.map(\.target) })
        queue = ArcQueue(due.keys.filter { !underWay.contains($0.target) }, depth: arcDepth(&overlay))
        return true
    }

    /// How many bits the ids of a neighbourhood share, by how many nodes there seem to be.
    private func arcDepth(_ overlay: inout Overlay) -> Int {
        let nodeCount = nodeCount(&overlay)
        var depth = 0
        while nodeCount >> (depth + 1) >= Searches.replicasWanted { depth += 1 }
        return depth
    }

    /// Notes how densely the place is settled that a lookup has looked through. The lookups that make the table good come
    /// first, so that what is due is sorted into arcs of the right size from the beginning.
    mutating func noteDensity(around lookup: ActiveLookup) {
        density.note(lookup.respondersByDistance.map(\.id), around: lookup.target)
    }

    /// How many nodes there are to store on: as many as their distances in lookups tell, at least the contacts.
    private func nodeCount(_ overlay: inout Overlay) -> Int { max(overlay.contactCount, density.nodeCount) }

    // MARK: Arcs

    /// The arcs under way, that with the oldest tokens first, so that none has to throw away what it was given.
    var runsInTurn: [ActivityID] {
        runs.map { (id: $0.key, since: $0.value.pool?.gatheredAt ?? .distantPast) }
            .sorted { ($0.since, $0.id.number) < ($1.since, $1.id.number) }
            .map(\.id)
    }

    /// Begins the arc that is lost soonest, if what is under way leaves room in the budget and among the nodes.
    mutating func beginNextArc(_ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn) -> ActivityID?
    {
        // An arc keeps eight nodes busy.
        let arcsMax = min(limits.arcsMax, max(1, nodeCount(&overlay) / limits.copies))
        guard requests.haveRoomForMaintenance, runs.count < arcsMax,
            runs.values.count(where: \.awaitsLookup) < Republisher.lookupsMax, let arc = takeNextArc()
        else { return nil }
        let id = turn.claimActivityID()
        runs[id] = ArcRun(arc)
        return id
    }

    /// The next arc to be begun: the one that is lost soonest or, if none is left, half of the longest one under way. A run
    /// makes no more than a key a second, because the same few nodes take all that it stores at a time.
    private mutating func takeNextArc() -> Arc? {
        if let arc = queue.takeNext() { return arc }
        let longest = runs.max { ($0.value.keysLeft, $0.key.number) < ($1.value.keysLeft, $1.key.number) }
        guard let id = longest?.key else { return nil }
        return runs[id]?.giveAwayHalf()
    }

    /// A lookup that an arc needs before it goes on.
    struct Want {
        let purpose: ActiveLookup.Purpose
        let target: Target
    }

    /// Does what can be done in an arc now. Returns the lookup that it needs next, if any: once that has begun, see
    /// ``lookupBegan(for:)``.
    mutating func advance(_ id: ActivityID, _ requests: inout Requests, _ turn: inout Turn) -> Want? {
        guard var run = runs[id] else { return nil }
        dispatch(&run, id, &requests, &turn)
        let want = run.wait == nil ? goOn(&run, id, &requests, &turn) : nil
        runs[id] = run.isOver ? nil : run
        if run.isOver, !isBusy { doneAt = turn.now }
        return want
    }

    /// Has the next keys read, or wants a lookup for the nodes to store them on.
    private func goOn(
        _ run: inout ArcRun, _ id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) -> Want? {
        guard let key = run.nextKey, requests.haveRoomForMaintenance else { return nil }
        let readable = run.readable(at: turn.now)
        if !readable.isEmpty {
            guard let read = turn.begin(Continuations.Load(run: id)) else { return nil }
            run.wait = .load
            run.next += readable.count
            turn.append(.loadRepublishable(read, readable.map(\.target)))
            return nil
        }
        if key.isPinned, run.sought?.target != key.target { return Want(purpose: .seek(id), target: key.target) }
        let hasPool = run.pool.map { $0.isFresh(at: turn.now) && $0.covers(key.target) } ?? false
        return hasPool ? nil : Want(purpose: .republish(id, keys: run.keysLeft), target: key.target)
    }

    /// The lookup that an arc wanted is under way.
    mutating func lookupBegan(for id: ActivityID) { runs[id]?.wait = .lookup }

    /// Notes which nodes a lookup has found to store on.
    mutating func pooled(_ lookup: ActiveLookup, for id: ActivityID) {
        guard runs[id] != nil else { return }
        noteDensity(around: lookup)
        let members = lookup.respondersWithTokens.map {
            NodePool.Member(node: $0.node, id: $0.node.id, token: $0.token)
        }
        runs[id]?.wait = nil
        runs[id]?.pool = NodePool(
            members, around: lookup.target, copies: Searches.replicasWanted, wanted: lookup.nodesWanted,
            limitsLocal: limitsLocal, since: lookup.begunAt)
    }

    /// Keeps what a search for a pinned key has found, whatever its age.
    mutating func sought(_ lookup: ActiveLookup, for id: ActivityID, _ turn: inout Turn) {
        guard runs[id] != nil else { return }
        runs[id]?.sought = SoughtKey(
            target: lookup.target,
            result: RepublishResult.Sought(answered: lookup.answeredCount, found: lookup.holderCount))
        var commits = 0
        for (entry, holder) in lookup.findings.fromOthers {
            guard let commit = turn.begin(.soughtCopy(id)) else { break }
            commits += 1
            let intent = StoreChange(
                target: lookup.target, entries: [entry], expiresAt: turn.now + servedFor,
                provenance: .received(from: holder.publicKey.mid, at: holder.address))
            turn.append(.commit(commit, intent))
        }
        runs[id]?.wait = commits > 0 ? .commits(commits) : nil
    }

    /// One of the values that were found for a pinned key is kept. Returns whether it was the last.
    mutating func soughtCopyKept(for id: ActivityID) -> Bool {
        guard case .commits(let count)? = runs[id]?.wait else { return false }
        runs[id]?.wait = count > 1 ? .commits(count - 1) : nil
        return true
    }

    /// The values of the next keys have been read.
    mutating func loaded(
        _ targets: [RepublishableTarget], for id: ActivityID, _ overlay: inout Overlay, _ turn: inout Turn
    ) {
        guard var run = runs[id] else { return }
        run.wait = nil
        for target in targets { take(target, into: &run, &overlay, &turn) }
        runs[id] = run
    }

    /// Begins to store the values of a target; those of others only while we are among the nodes closest to it.
    private func take(
        _ loaded: RepublishableTarget, into run: inout ArcRun, _ overlay: inout Overlay, _ turn: inout Turn
    ) {
        guard let pool = run.pool else { return }
        let candidates = pool.closest(to: loaded.target)
        let sought = run.sought.flatMap { $0.target == loaded.target ? $0.result : nil }
        let isOurs = overlay.isAmongClosest(to: loaded.target, beside: candidates.map(\.id))
        let values = loaded.values.filter { value in value.servedUntil == nil || isOurs }
        guard !values.isEmpty else {
            // Of what others are closer to, nothing is left to be stored once its time is over; but it is listed as due
            // until it is swept.
            let outcome: RepublishResult.Outcome =
                loaded.values.isEmpty && sought != nil ? .unanswered : .othersCloser
            let retryAt = turn.now + Republisher.othersCloserInterval
            return report(loaded.target, outcome, retryAt: retryAt, sought, &turn)
        }
        // A request takes so many values; what is beyond goes to the same nodes in further ones.
        for start in stride(from: 0, to: values.count, by: StoreRequest.valueCountMax) {
            let part = Array(values[start..<min(start + StoreRequest.valueCountMax, values.count)])
            run.items.append(
                RepublishItem(
                    target: loaded.target, entries: part, candidates: candidates.reversed(),
                    tokensSince: pool.gatheredAt, sought: sought))
        }
    }

    // MARK: Stores

    /// Sends what may be sent now, and drops the values that no remaining node can hold.
    private mutating func dispatch(
        _ run: inout ArcRun, _ id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) {
        for index in run.items.indices {
            if !run.items[index].hasValidTokens(at: turn.now)
                || run.items[index].isOverdue(at: turn.now, servedFor: servedFor)
            {
                run.items[index].cutShort()
            }
            // The closest nodes are the right ones, so a busy one is waited for; but nobody waits behind it.
            for member in run.items[index].nextCandidates where requests.haveRoomForMaintenance && !requests.isFull {
                guard requests.admitStore(to: member.node.address, at: turn.now) else { continue }
                run.items[index].candidates.removeAll { $0.id == member.id }
                guard requests.transmitNow(run.items[index].request(to: member, for: id), &turn) else { continue }
                run.items[index].outstandingCount += 1
            }
        }
        for item in run.items where item.isDone { finish(item, &turn) }
        run.items.removeAll(where: \.isDone)
    }

    /// A store was acknowledged by a node, or by nobody.
    mutating func storeEnded(
        _ run: ActivityID, _ target: Target, _ first: EntryID, acknowledgedBy node: NodeInfo?
    ) {
        guard
            let index = runs[run]?.items.firstIndex(where: {
                $0.target == target && $0.entries[0].entry.id == first
            })
        else { return }
        runs[run]?.items[index].outstandingCount -= 1
        if let node { runs[run]?.items[index].holders.append(node) }
    }

    private mutating func finish(_ item: RepublishItem, _ turn: inout Turn) {
        // It is due for as long as it is not refreshed, so it comes again with the next list.
        guard !item.isCutShort || item.hasEnoughHolders else { return mayHaveMore = true }
        guard !item.holders.isEmpty else {
            return report(
                item.target, .unanswered, retryAt: turn.now + Republisher.retryInterval, item.sought, &turn)
        }
        let end = turn.now + servedFor
        let refreshed = item.entries.map { value in
            RefreshChange.Refreshed(entry: value.entry, servedUntil: min(end, value.servedUntil ?? end))
        }
        turn.append(.refresh(RefreshChange(target: item.target, values: refreshed)))
        report(item.target, .stored, by: item.holders, retryAt: nil, item.sought, &turn)
    }

    private func report(
        _ target: Target, _ outcome: RepublishResult.Outcome, by holders: [NodeInfo] = [], retryAt: Instant?,
        _ sought: RepublishResult.Sought?, _ turn: inout Turn
    ) {
        switch outcome {
        case .stored: turn.counters.keysRepublished += 1
        case .unanswered: turn.counters.keysUnacknowledged += 1
        case .othersCloser: turn.counters.keysLeftToOthers += 1
        }
        turn.append(
            .noteRepublication(
                RepublishResult(target: target, outcome: outcome, holders: holders, retryAt: retryAt, sought: sought)))
    }

    // MARK: How it stands

    func snapshot(_ contactCount: Int) -> RepublisherSnapshot {
        let phase: RepublisherSnapshot.Phase =
            !isEnabled ? .off : !tableIsGood ? .waitingForTable : isBusy ? .working : .idle
        return RepublisherSnapshot(
            phase: phase, dueKeys: dueCount, keptKeys: keptCount, lateKeys: lateCount,
            waitingKeys: queue.keyCount + runs.values.reduce(0) { $0 + $1.keysLeft },
            activeArcs: runs.count, nodes: max(contactCount, density.nodeCount), nextDue: nextDue)
    }

    var usages: [Usage] { [Usage("arcs", runs.count), Usage("keys to be stored again", queue.keyCount)] }
}

extension Turn {
    /// Comes back to republishing when what waits for its nodes or for the budget may go on.
    mutating func republishSoon() {
        let soon = now + Republisher.busyInterval
        if schedule.dueTime(of: .republish).map({ $0 > soon }) ?? true { schedule.plan(.republish, at: soon) }
    }
}
