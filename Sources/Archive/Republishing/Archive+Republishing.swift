public import IPv8
public import Maintenance

/// The republisher's questions and notes: which targets are due, their values, and how republishing went.
extension Archive {
    /// How many targets one pin of a signer stands for at most.
    private static let targetsPerPinMax = 65_536

    /// The targets that are due, soonest lost first. When a pinned target is due depends on when it was last looked for.
    ///
    /// - Parameter limit: how many targets to return at most.
    public func dueList(at now: Instant, limit: Int) throws(ArchiveError) -> DueKeys {
        var list = try index.dueList(at: now, limit: limit)
        let pinned = try pinnedTargets()
        guard !pinned.isEmpty else { return list }
        list.keys.removeAll { pinned.contains($0.target) }
        for target in pinned.sorted() { try addPinned(target, to: &list, at: now) }
        // However much is due, what is pinned takes part in it by its deadline.
        list.keys.sort { ($0.deadline, $0.target) < ($1.deadline, $1.target) }
        list.keys.removeLast(max(0, list.keys.count - limit))
        return list
    }

    /// Counts a pinned target once, by when it was last looked for.
    private func addPinned(_ target: Target, to list: inout DueKeys, at now: Instant) throws(ArchiveError) {
        let standing = try index.standing(of: target, at: now)
        list.kept += standing.isKept ? 0 : 1
        list.keptPinned += 1
        list.total -= standing.isDue ? 1 : 0
        let state = try index.republishState(of: target)
        // What was done while the clock was ahead is no reason to wait.
        let isAhead = state.map { $0.lastAttempt > now } ?? false
        let due =
            isAhead
            ? now : max(state?.soughtAt.map { $0 + options.republishing.interval } ?? now, state?.retryAt ?? now)
        guard due <= now else { return list.nextDue = min(list.nextDue ?? due, due) }
        list.total += 1
        list.pinned += 1
        list.keys.append(DueKey(target: target, deadline: standing.deadline ?? now, isPinned: true))
    }

    /// The targets that are pinned, by themselves or by a signer whose values stand under them; a signer's own target is
    /// always among them.
    public func pinnedTargets() throws(ArchiveError) -> Set<Target> {
        var targets: Set<Target> = []
        for pin in try pins() {
            switch pin {
            case .key(let target): targets.insert(target)
            case .signer(let mid):
                targets.insert(Target(bits: mid.bits))
                targets.formUnion(try index.targets(signedBy: mid, limit: Archive.targetsPerPinMax))
            }
        }
        return targets
    }

    /// The targets under which the index knows values of a signer, in order.
    ///
    /// - Parameter last: the target that they come after; `nil` to begin.
    package func targets(signedBy signer: Mid, after last: Target?, limit: Int) throws(ArchiveError) -> [Target] {
        try index.targets(signedBy: signer, after: last, limit: limit)
    }

    /// The values of a target that are to be stored again now, in the order of their keys; all pinned ones, whether they
    /// are due or not. Damaged ones are left out and remembered.
    public func republishableEntries(of target: Target, at now: Instant) throws(ArchiveError) -> [RepublishableValue] {
        let rule = options.republishing
        var republishable: [RepublishableValue] = []
        for table in [Table.entries, .retained] {
            let held = try readAll(table, prefix: target.bytes) { key, value in
                ArchivedRecord(value, key: key, table: table).flatMap { record in EntryKey(key).map { ($0, record) } }
            }
            for (key, record) in held {
                if try isPinned(key.target, signer: key.optionalSigner) {
                    republishable.append(
                        RepublishableValue(entry: record.entry, servedUntil: nil))
                } else if let due = rule.due(record, isRetained: table == .retained, under: key),
                    rule.isDue(due, at: now)
                {
                    let isOurs = record.provenance == .publishedHere
                    let end = rule.origin(of: record) + rule.lifetime
                    guard isOurs || now <= end else { continue }
                    republishable.append(
                        RepublishableValue(
                            entry: record.entry, servedUntil: isOurs ? nil : end + rule.servedFor))
                }
            }
        }
        return republishable
    }

    /// Whether a value of a signer under a key is pinned, by its key or by its signer.
    package func isPinned(_ target: Target, signer: Mid?) throws(ArchiveError) -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            guard try transaction.recordCount(.pins) > 0 else { return false }
            return try transaction.isPinned(target, signer)
        }
    }

    /// Notes how republishing went.
    public func note(_ results: [RepublishResult], at now: Instant) throws(ArchiveError) {
        try index.note(results, at: now)
    }

    /// The state of republishing a target; `nil` if that has not been tried.
    public func republishState(of target: Target) throws(ArchiveError) -> RepublishState? {
        try index.republishState(of: target)
    }

    /// Deletes the notes about targets that have no values any more and were not tried since.
    public func trimRepublications(olderThan oldest: Instant) throws(ArchiveError) {
        try index.trimRepublications(olderThan: oldest)
    }

    /// Saves these jobs; other jobs stay.
    public func saveJobs(_ jobs: [JobReport]) throws(ArchiveError) { try index.save(jobs) }

    /// The recurring jobs, in the order of their names.
    public func jobs() throws(ArchiveError) -> [JobReport] { try index.jobs() }

    /// Saves these buckets instead of all others.
    public func saveBuckets(_ buckets: [BucketReport], at now: Instant) throws(ArchiveError) {
        try index.save(buckets, at: now)
    }
}
