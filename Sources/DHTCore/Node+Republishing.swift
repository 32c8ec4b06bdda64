internal import IPv8
internal import Kademlia
internal import Maintenance

/// Storing again, arc by arc, what would otherwise be lost to the DHT.
///
///     waiting for the table → list what is due → arcs → for each: look up, read, store, note → list again
///
/// Nothing is stored before the routing table is good: after a long absence everything is due at once, and what went to
/// the wrong nodes would have to go out again. What has been stored is served here for as long as there, which moves its
/// due time on the disk: so a node that is killed goes on where it was, and repeats only what was under way.
extension Node {
    /// How many due keys are taken from the archive at once.
    private static let keysPerListing = 65_536
    /// How often the archive is asked for what is due, where it is known that there is more.
    private static let listingInterval: Duration = .seconds(30)
    /// How long after the last of them is done it is not asked, so that the index has heard of it.
    private static let settlingInterval: Duration = .seconds(4)
    /// How long a key waits that others are closer to.
    private static let othersCloserInterval: Duration = .seconds(900)
    /// How long the routing table may take to reach the size that it had, before upkeep begins without.
    private static let recoveryMax: Duration = .seconds(60)

    mutating func republish(at now: Instant, into effects: inout [Effect]) {
        guard upkeep.isEnabled else { return }
        upkeep.allow(at: now)
        // Searches wait while nothing may be sent.
        for id in lookups.filter(\.value.isUpkeep).keys.sorted(by: { $0.number < $1.number }) {
            advance(id, at: now, into: &effects)
        }
        guard isTableGood(at: now) else { return }
        listDueKeys(at: now, into: &effects)
        for id in upkeep.runsInTurn { advance(run: id, at: now, into: &effects) }
        // The soonest to be lost comes first.
        while upkeep.mayBeginArc(among: nodeCountEstimate), let arc = upkeep.takeNextArc() {
            workCount += 1
            let id = ActivityID(number: workCount)
            upkeep.runs[id] = ArcRun(arc)
            advance(run: id, at: now, into: &effects)
        }
    }

    /// Whether the table is as good as it was, or as it will be.
    private mutating func isTableGood(at now: Instant) -> Bool {
        guard contactCount > 0 else {
            upkeep.firstContactAt = nil
            upkeep.tableIsGood = false
            return false
        }
        if upkeep.tableIsGood {
            upkeep.contactsBefore = max(upkeep.contactsBefore, contactCount)
            return true
        }
        let firstContactAt = upkeep.firstContactAt ?? now
        upkeep.firstContactAt = firstContactAt
        let isSought = families.present.allSatisfy { family in
            guard let table = families[family]?.table, table.count > 0 else { return true }
            return ownIDsSought.contains(table.ownID)
        }
        let isRefreshing = lookups.values.contains { if case .refresh = $0.purpose { true } else { false } }
        let isAsLargeAsBefore = contactCount * 2 >= upkeep.contactsBefore
        guard isSought, !isRefreshing, isAsLargeAsBefore || now - firstContactAt >= Node.recoveryMax else {
            return false
        }
        upkeep.tableIsGood = true
        return true
    }

    private mutating func listDueKeys(at now: Instant, into effects: inout [Effect]) {
        guard !upkeep.isListing, upkeep.queue.isEmpty, upkeep.runs.count * 2 <= upkeep.limits.arcsMax else { return }
        let isHungry = upkeep.runs.isEmpty && upkeep.mayHaveMore
        let isSettling = upkeep.doneAt.map { now - $0 < Node.settlingInterval } ?? false
        let interval = upkeep.mayHaveMore ? Node.listingInterval : upkeep.limits.gatherFor
        if isHungry || !isSettling && now - upkeep.listedAt >= interval {
            guard list(Node.keysPerListing, into: &effects) else { return }
            upkeep.listedAt = now
        } else if upkeep.doneAt != nil, !isSettling {
            // How much is due and what comes next is known before enough has gathered.
            _ = list(0, into: &effects)
        }
    }

    private mutating func list(_ limit: Int, into effects: inout [Effect]) -> Bool {
        guard let id = begin(.dueKeys(limit: limit)) else { return false }
        upkeep.isListing = true
        upkeep.doneAt = nil
        effects.append(.listDueKeys(id, limit: limit))
        return true
    }

    mutating func dueKeysListed(_ id: WorkID, _ due: DueKeys, at now: Instant, into effects: inout [Effect]) {
        guard case .dueKeys(let limit)? = work.removeValue(forKey: id) else { return }
        upkeep.isListing = false
        upkeep.dueCount = due.total
        upkeep.keptCount = due.kept
        upkeep.nextDue = due.nextDue
        guard limit > 0 else { return }
        upkeep.mayHaveMore = due.keys.count >= Node.keysPerListing
        let underWay = Set(upkeep.runs.values.lazy.flatMap { $0.arc.keys.lazy.map(\.target) })
        upkeep.queue = ArcQueue(due.keys.filter { !underWay.contains($0.target) }, depth: arcDepth)
        republish(at: now, into: &effects)
        if upkeep.isBusy { planUpkeepSoon(at: now) }
    }

    /// Comes back to what waits for its nodes or for the budget.
    mutating func planUpkeepSoon(at now: Instant) {
        let soon = now + Upkeep.busyInterval
        if schedule.dueTime(of: .republish).map({ $0 > soon }) ?? true { schedule.plan(.republish, at: soon) }
    }

    /// How many bits the ids of a neighbourhood share, by how many nodes there seem to be.
    private var arcDepth: Int {
        var depth = 0
        while nodeCountEstimate >> (depth + 1) >= Node.replicasWanted { depth += 1 }
        return depth
    }

    /// Notes how densely the place is settled that a lookup has looked through. The lookups that make the table good come
    /// first, so that what is due is sorted into arcs of the right size from the beginning.
    mutating func noteDensity(around lookup: ActiveLookup) {
        let ids = lookup.respondersByDistance.map { NodeID(host: $0.address.host, mid: $0.publicKey.mid) }
        upkeep.density.note(ids, around: lookup.target)
    }

    /// How many nodes there are to store on: as many as their distances in lookups tell, at least the contacts.
    var nodeCountEstimate: Int { max(contactCount, upkeep.density.nodeCount) }

    // MARK: An arc

    private mutating func advance(run id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard var run = upkeep.runs[id] else { return }
        dispatch(&run, id, at: now, into: &effects)
        upkeep.runs[id] = run
        if run.wait == nil, let key = run.nextKey { goOn(with: key, run: id, at: now, into: &effects) }
        guard upkeep.runs[id]?.isOver == true else { return }
        upkeep.runs[id] = nil
        if !upkeep.isBusy { upkeep.doneAt = now }
    }

    /// Has the next keys read, or looks for the nodes to store them on.
    private mutating func goOn(with key: DueKey, run id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard let run = upkeep.runs[id], upkeep.mayBegin else { return }
        let readable = run.readable(at: now)
        if !readable.isEmpty {
            guard let read = begin(.republishable(id)) else { return }
            upkeep.runs[id]?.wait = .load
            upkeep.runs[id]?.next += readable.count
            return effects.append(.loadRepublishable(read, readable.map(\.target)))
        }
        let isToBeSought = key.isPinned && run.sought?.target != key.target
        let hasPool = run.pool.map { $0.isFresh(at: now) && $0.covers(key.target) } ?? false
        guard isToBeSought || !hasPool else { return }
        let purpose: ActiveLookup.Purpose = isToBeSought ? .seek(id) : .republish(id, keys: run.keysLeft)
        guard let lookup = startLookup(purpose, for: key.target, at: now, into: &effects) else { return }
        upkeep.runs[id]?.wait = .lookup
        advance(lookup, at: now, into: &effects)
    }

    /// Notes whom a lookup has found to store on.
    mutating func pooled(_ lookup: ActiveLookup, for id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard upkeep.runs[id] != nil else { return }
        noteDensity(around: lookup)
        let members = lookup.respondersWithTokens.map { node, token in
            NodePool.Member(
                node: node, id: NodeID(host: node.address.host, mid: node.publicKey.mid), token: token)
        }
        upkeep.runs[id]?.wait = nil
        upkeep.runs[id]?.pool = NodePool(
            members, around: lookup.target, copies: Node.replicasWanted, wanted: lookup.nodesWanted,
            limitsLocal: limitsLocalNetworks, since: lookup.begunAt)
        advance(run: id, at: now, into: &effects)
    }

    /// Keeps what a search for a pinned key has found, whatever its age.
    mutating func sought(_ lookup: ActiveLookup, for id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard upkeep.runs[id] != nil else { return }
        upkeep.runs[id]?.sought = SoughtKey(
            target: lookup.target, answered: lookup.searches.values.reduce(0) { $0 + $1.answeredCount },
            found: lookup.holderCount)
        var commits = 0
        for (entry, holder) in lookup.findings.fromOthers {
            guard let commit = begin(.soughtCopy(id)) else { break }
            commits += 1
            let intent = StoreIntent(
                target: lookup.target, entries: [entry], expiresAt: now + servedFor,
                origin: .stored(by: holder.publicKey.mid, from: holder.address))
            effects.append(.commit(commit, intent))
        }
        upkeep.runs[id]?.wait = commits > 0 ? .commits(commits) : nil
        advance(run: id, at: now, into: &effects)
    }

    mutating func soughtCopyKept(_ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard case .commits(let count)? = upkeep.runs[id]?.wait else { return }
        upkeep.runs[id]?.wait = count > 1 ? .commits(count - 1) : nil
        advance(run: id, at: now, into: &effects)
    }

    mutating func republishableLoaded(
        _ id: WorkID, _ targets: [RepublishableTarget], at now: Instant, into effects: inout [Effect]
    ) {
        guard case .republishable(let runID)? = work.removeValue(forKey: id), var run = upkeep.runs[runID] else {
            return
        }
        run.wait = nil
        for target in targets { take(target, into: &run, at: now, &effects) }
        upkeep.runs[runID] = run
        advance(run: runID, at: now, into: &effects)
    }

    /// Begins to store the values of a target; those of others only while we are among the nodes closest to it.
    private mutating func take(
        _ loaded: RepublishableTarget, into run: inout ArcRun, at now: Instant, _ effects: inout [Effect]
    ) {
        guard let pool = run.pool else { return }
        let candidates = pool.closest(to: loaded.target)
        let sought = run.sought.flatMap { $0.target == loaded.target ? $0 : nil }
        let isOurs = isAmongClosest(to: loaded.target, beside: candidates)
        let values = loaded.values.filter { value in value.servedUntil == nil || isOurs }
        guard !values.isEmpty else {
            // Of what others are closer to, nothing is left to be stored once its time is over; but it is listed as due
            // until it is swept.
            let outcome: RepublishReport.Outcome =
                loaded.values.isEmpty && sought != nil ? .unanswered : .othersCloser
            return report(loaded.target, outcome, retryAt: now + Node.othersCloserInterval, sought, &effects)
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

    private func isAmongClosest(to target: Target, beside others: [NodePool.Member]) -> Bool {
        families.present.contains { family in
            guard let table = families[family]?.table else { return false }
            let own = Distance(table.ownID, target)
            return others.prefix(Node.replicasWanted).count { Distance($0.id, target) < own } < Node.replicasWanted
        }
    }
}

// MARK: - How it stands

extension Node {
    /// How upkeep stands.
    public var upkeepSnapshot: UpkeepSnapshot {
        let phase: UpkeepSnapshot.Phase =
            !upkeep.isEnabled ? .off : !upkeep.tableIsGood ? .waitingForTable : upkeep.isBusy ? .working : .idle
        return UpkeepSnapshot(
            phase: phase, dueKeys: upkeep.dueCount, keptKeys: upkeep.keptCount,
            waitingKeys: upkeep.queue.keyCount + upkeep.runs.values.reduce(0) { $0 + $1.keysLeft },
            activeArcs: upkeep.runs.count, nodes: nodeCountEstimate, nextDue: upkeep.nextDue)
    }
}
