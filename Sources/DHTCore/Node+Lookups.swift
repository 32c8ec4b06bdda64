internal import IPv8
internal import Kademlia

/// Lookups: who wants one, and what follows from it.
extension Node {
    /// Begins a lookup; `false` if too many are under way.
    mutating func lookUp(_ purpose: ActiveLookup.Purpose, _ target: Target) -> Bool {
        guard let lookup = searches.begin(purpose, for: target, &overlay, &requests, &turn) else { return false }
        finish(searches.advance(lookup, &overlay, &requests, &turn))
        return true
    }

    /// Hands a lookup that is over to whoever wanted it.
    mutating func finish(_ lookup: ActiveLookup?) {
        guard let lookup else { return }
        turn.counters.lookups[LookupEnd(lookup), default: 0] += 1
        switch lookup.purpose {
        case .refresh(let command):
            republisher.noteDensity(around: lookup)
            if let command { turn.complete(command, .refreshed) }
        case .find(let command): found(lookup, for: command)
        case .publish(let command, let entry):
            searches.publish(entry, onRespondersOf: lookup, for: command, &requests, &turn)
        case .connect(let command):
            let mid = Mid(bits: lookup.target.bits)
            peersByKey.connect(with: mid, foundBy: lookup, for: command, &requests, &turn)
        case .ownRecord: peersByKey.storeOwnRecord(on: lookup, &requests, &turn)
        case .republish(let run, _):
            republisher.pooled(lookup, for: run)
            advance(run: run)
        case .seek(let run):
            republisher.sought(lookup, for: run, &turn)
            advance(run: run)
        }
    }

    /// Tells the user what was found, and stores it on the closest node that had none of it, and here, as the reference does:
    /// so a value comes nearer to where it is looked for.
    private mutating func found(_ lookup: ActiveLookup, for command: CommandID) {
        let discoveries = lookup.findings.discoveries(livingFor: servedFor, at: turn.now)
        if !discoveries.isEmpty, let (node, token) = lookup.closestWithoutValues {
            let values = discoveries.map(\.entry.bytes)
            requests.submit(Request(.store(token, lookup.target, values), to: node, for: .liveness), &turn)
        }
        serving.keepCopies(of: discoveries, under: lookup.target, &overlay, &turn)
        let outcome = FindOutcome(
            entries: lookup.findings.all, askedCount: lookup.askedCount, answeredCount: lookup.answeredCount,
            holderCount: lookup.holderCount)
        turn.complete(command, .found(outcome))
    }

    // MARK: Republishing

    /// Does what republishing can do now.
    mutating func republish() {
        guard requests.limitsMaintenance else { return }
        requests.refillBudget(at: turn.now)
        // Lookups wait while nothing may be sent.
        for id in searches.maintenanceLookups { finish(searches.advance(id, &overlay, &requests, &turn)) }
        guard republisher.isTableGood(&overlay, isRefreshing: searches.isRefreshing, at: turn.now) else { return }
        republisher.listDueKeys(&turn)
        for run in republisher.runsInTurn { advance(run: run) }
        while let run = republisher.beginNextArc(&overlay, &requests, &turn) { advance(run: run) }
    }

    /// Does what can be done in an arc now, and begins the lookup that it needs next.
    mutating func advance(run id: ActivityID) {
        guard let want = republisher.advance(id, &requests, &turn),
            let lookup = searches.begin(want.purpose, for: want.target, &overlay, &requests, &turn)
        else { return }
        republisher.lookupBegan(for: id)
        finish(searches.advance(lookup, &overlay, &requests, &turn))
    }
}
