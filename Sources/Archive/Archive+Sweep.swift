public import IPv8
internal import Synchronization

/// How far a sweep is in its round through the tables.
struct SweepPlace: Hashable {
    var table = SweepPlace.tables[0]
    /// The last key that was looked at; empty at the beginning of a table.
    var after: [UInt8] = []

    /// What a round goes through.
    static let tables: [Table] = [.entries, .retained, .history]

    /// The beginning of the next table; of the first one behind the last.
    var next: SweepPlace {
        let index = SweepPlace.tables.firstIndex(of: table).map { ($0 + 1) % SweepPlace.tables.count } ?? 0
        return SweepPlace(table: SweepPlace.tables[index])
    }
}

/// What one step of the sweep came to.
public struct SweepResult: Hashable, Sendable {
    /// Records that were looked at.
    public var examined = 0
    /// Records that had something to be done about them.
    public var changed = 0
    /// Whether the step reached the end of the last table, so that the next one begins a new round.
    public var endsRound = false
}

extension Archive {
    /// Takes the next bounded step through all records. Expired values leave the serving window, values whose retention is over
    /// leave the archive with their history, and values that were pinned or unpinned are charged to their new source.
    ///
    /// Deleting must work at the limit: if the map has no page left for a step, the step is cut in two.
    ///
    /// - Parameters:
    ///   - limit: how many records to examine at most.
    ///   - clockIsSteady: whether the clock has been steady for an hour; nothing is done where it has not.
    public func sweep(at now: Instant, limit: Int, clockIsSteady: Bool = true) throws(ArchiveError) -> SweepResult {
        guard clockIsSteady else { return SweepResult() }
        let place = sweepPlace.withLock { $0 }
        let found = try environment.read { (transaction) throws(ArchiveError) in
            try findings(from: place, limit: max(1, limit), at: now, in: transaction)
        }
        for start in stride(from: 0, to: found.keys.count, by: Archive.deletionsPerCommit) {
            let end = min(start + Archive.deletionsPerCommit, found.keys.count)
            try handle(found.keys[start..<end], of: place.table, at: now)
        }
        sweepPlace.withLock { $0 = found.next }
        return SweepResult(
            examined: found.examined, changed: found.keys.count,
            endsRound: found.next.after.isEmpty && found.next.table == SweepPlace.tables[0])
    }

    /// How many records one transaction of a sweep changes. Stores wait for it.
    static let deletionsPerCommit = 256

    private struct Findings {
        var keys: [[UInt8]] = []
        var examined = 0
        var next: SweepPlace
    }

    /// Finds the records that need a change.
    private func findings(
        from place: SweepPlace, limit: Int, at now: Instant, in transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Findings {
        var findings = Findings(next: place.next)
        let rules = SweepRules(
            now: now, retention: options.retention, hasPins: try transaction.recordCount(.pins) > 0)
        try transaction.forEach(place.table, prefix: [], after: place.after) { (key, value) throws(ArchiveError) in
            guard findings.examined < limit else { return false }
            findings.examined += 1
            if try rules.task(for: key, value, in: place.table, transaction) != nil {
                findings.keys.append(Array(key))
            }
            if findings.examined == limit { findings.next = SweepPlace(table: place.table, after: Array(key)) }
            return true
        }
        return findings
    }

    private func handle(_ keys: ArraySlice<[UInt8]>, of table: Table, at now: Instant) throws(ArchiveError) {
        try inPasses(over: keys, at: now) { (pass, keys) throws(ArchiveError) in
            for key in keys { try pass.putRight(key, of: table) }
        }
    }
}

extension StorePass {
    /// Makes the change that a record needs, if it still does.
    fileprivate mutating func putRight(_ bytes: [UInt8], of table: Table) throws(ArchiveError) {
        let rules = SweepRules(now: now, retention: options.retention, hasPins: hasPins)
        let task = try lend(bytes) { (key) throws(ArchiveError) -> SweepRules.Task? in
            guard let value = try transaction.view.get(table, key) else { return nil }
            return try rules.task(for: key, value, in: table, transaction.view)
        }
        switch task {
        case .retire(let key): try retire(key)
        case .letGo(let key): try letGo(key, from: .retained)
        case .serveAgain(let key):
            guard let entry = try kept(key, in: .retained) else { return }
            try serveAgain(key, entry)
        case .charge(let budget, let source):
            guard let filing = try presentFiling(of: bytes, in: budget) else { return }
            try refile(filing, to: source)
        case .removeVersion(let key):
            try removeVersion(key)
            tally("removed")
        case nil: return
        }
    }
}
