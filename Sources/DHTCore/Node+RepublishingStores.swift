internal import IPv8
internal import Kademlia
internal import Maintenance

/// The stores of an arc: sent as fast as its nodes and the budget take them, and noted once they are through.
extension Node {
    /// How long a key waits that nobody acknowledged.
    private static let retryInterval: Duration = .seconds(300)

    /// Sends what may be sent now, and is done with what nobody is left for.
    mutating func dispatch(_ run: inout ArcRun, _ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        for index in run.items.indices {
            if !run.items[index].hasValidTokens(at: now) || run.items[index].isOverdue(at: now, servedFor: servedFor) {
                run.items[index].cutShort()
            }
            // The closest nodes are the right ones, so a busy one is waited for; but nobody waits behind it.
            for member in run.items[index].nextCandidates where upkeep.mayBegin && !requests.isFull {
                guard pacer.admitForUpkeep(member.node.address, at: now) else { continue }
                run.items[index].candidates.removeAll { $0.id == member.id }
                guard store(run.items[index], on: member, for: id, at: now, into: &effects) else { continue }
                run.items[index].outstandingCount += 1
            }
        }
        let isDone = { (item: RepublishItem) in
            item.outstandingCount == 0 && (item.candidates.isEmpty || item.holders.count >= Node.replicasWanted)
        }
        for item in run.items where isDone(item) { finish(item, at: now, into: &effects) }
        run.items.removeAll(where: isDone)
    }

    private mutating func store(
        _ item: RepublishItem, on member: NodePool.Member, for run: ActivityID, at now: Instant,
        into effects: inout [Effect]
    ) -> Bool {
        let values = item.entries.map(\.entry.bytes)
        let request = Request(
            kind: .store, address: member.node.address, publicKey: member.node.publicKey,
            purpose: .republication(run, item.target, item.entries[0].entry.id),
            body: .store(member.token, item.target, values))
        return transmitNow(request, at: now, into: &effects)
    }

    mutating func republicationEnded(
        _ run: ActivityID, _ target: Target, _ first: EntryID, acknowledgedBy node: NodeInfo?
    ) {
        guard
            let index = upkeep.runs[run]?.items.firstIndex(where: {
                $0.target == target && $0.entries[0].entry.id == first
            })
        else { return }
        upkeep.runs[run]?.items[index].outstandingCount -= 1
        if let node { upkeep.runs[run]?.items[index].holders.append(node) }
    }

    private mutating func finish(_ item: RepublishItem, at now: Instant, into effects: inout [Effect]) {
        // It is due for as long as it is not refreshed, so it comes again with the next list.
        guard !item.isCutShort || item.holders.count >= Node.replicasWanted else { return upkeep.mayHaveMore = true }
        guard !item.holders.isEmpty else {
            return report(item.target, .unanswered, retryAt: now + Node.retryInterval, item.sought, &effects)
        }
        counters.keysRepublished += 1
        let refreshed = item.entries.map { value in
            RefreshIntent.Refreshed(
                entry: value.entry, servedUntil: min(now + servedFor, value.servedUntil ?? now + servedFor))
        }
        effects.append(.refresh(RefreshIntent(target: item.target, values: refreshed)))
        report(item.target, .stored, by: item.holders, retryAt: nil, item.sought, &effects)
    }

    func report(
        _ target: Target, _ outcome: RepublishReport.Outcome, by holders: [NodeInfo] = [], retryAt: Instant?,
        _ sought: SoughtKey?, _ effects: inout [Effect]
    ) {
        let found = sought.map { RepublishReport.Sought(answered: $0.answered, found: $0.found) }
        effects.append(
            .noteRepublication(
                RepublishReport(target: target, outcome: outcome, holders: holders, retryAt: retryAt, sought: found)))
    }
}
