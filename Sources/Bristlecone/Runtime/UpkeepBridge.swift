internal import Archive
internal import DHTCore
internal import IPv8
internal import Kademlia
internal import Maintenance

/// What archive and core say to each other about upkeep. The archive speaks in wall time, the core in its own, and `offset`
/// is what makes wall time of the core's.

extension DueKeys {
    /// What the archive has found to be due.
    init(_ list: DueList, offset: Duration) {
        self.init(
            keys: list.targets.map { due in
                DueKey(target: due.target, deadline: due.deadline - offset, isPinned: due.isPinned)
            }, total: list.total, kept: list.kept, nextDue: list.nextDue.map { $0 - offset })
    }
}

extension RepublishableValue {
    init(_ entry: RepublishableEntry, offset: Duration) {
        self.init(entry: entry.entry, servedUntil: entry.servedUntil.map { $0 - offset })
    }
}

extension RefreshChange {
    init(_ intent: RefreshIntent, offset: Duration) {
        self.init(
            target: intent.target,
            entries: intent.values.map { Refreshed(entry: $0.entry, servedUntil: $0.servedUntil + offset) })
    }
}

extension RepublishResult {
    init(_ report: RepublishReport, offset: Duration) {
        let outcome: Outcome =
            switch report.outcome {
            case .stored: .stored
            case .unanswered: .unanswered
            case .othersCloser: .othersCloser
            }
        self.init(
            target: report.target, outcome: outcome,
            holders: report.holders.map { Holder(mid: $0.publicKey.mid, address: $0.address) },
            retryAt: report.retryAt.map { $0 + offset },
            sought: report.sought.map { Sought(answered: $0.answered, found: $0.found) })
    }
}

extension JobState {
    init(_ report: JobReport, offset: Duration) {
        self.init(
            name: report.name, due: report.due + offset, lastRun: report.lastRun.map { $0 + offset },
            lastResult: report.lastResult, budget: report.budget)
    }
}

extension JobReport {
    /// At a start the core's time is wall time.
    init(_ state: JobState) {
        self.init(
            name: state.name, due: state.due, lastRun: state.lastRun, lastResult: state.lastResult, budget: state.budget)
    }
}

extension StoredBucket {
    init(_ report: BucketReport, offset: Duration) {
        self.init(
            family: report.family, prefix: report.prefix, contacts: report.contactCount,
            lastChanged: report.lastChanged + offset)
    }
}
