package import IPv8
internal import Synchronization

/// What happened when: samples of the main figures and notable events. They lie in the index's file, and nothing in the archive
/// depends on them.
extension Archive {
    /// Keeps the main figures of the minute that a moment is in.
    ///
    /// - Parameter clockIsSteady: whether samples may be deleted by their age.
    package func add(
        _ figures: [HistoryFigure: Int], at now: Instant, clockIsSteady: Bool
    ) throws(ArchiveError) {
        try index.add(figures, at: now, deletesByAge: clockIsSteady)
    }

    /// The samples that began from a moment on and before another one, oldest first.
    package func samples(
        _ span: SampleSpan, from start: Instant, to end: Instant, limit: Int
    ) throws(ArchiveError) -> [StoredSample] {
        try index.samples(span, from: start, to: end, limit: limit)
    }

    /// The days that hours of the history are in, as samples made from these, oldest first.
    package func days(from start: Instant, to end: Instant, limit: Int) throws(ArchiveError) -> [StoredSample] {
        try index.days(from: start, to: end, limit: limit)
    }

    /// Adds an event to the log.
    package func note(
        _ kind: StoredEvent.Kind, code: String? = nil, _ text: String, at now: Instant
    ) throws(ArchiveError) {
        try index.note([StoredEvent(number: 0, at: now, kind: kind, code: code, text: text)])
    }

    /// The last events with numbers below a given one, newest first.
    package func events(before number: Int? = nil, limit: Int) throws(ArchiveError) -> [StoredEvent] {
        try index.events(before: number, limit: limit)
    }

    /// The last backup that was noted; `nil` if none is known.
    package func lastBackup() throws(ArchiveError) -> StoredEvent? { try index.lastEvent(of: [.backupMade]) }

    /// When the node was last known to run, if its last run did not end as it should; `nil` if it did, or if nothing is known.
    package func uncleanEnd() throws(ArchiveError) -> Instant? {
        guard let last = try index.lastEvent(of: [.started, .stopped, .restored]), last.kind == .started else {
            return nil
        }
        return max(last.at, try index.lastSampleAt() ?? last.at)
    }

    /// The latest time that the archive knows of: of a change, a sample or an event; `nil` if it knows of none.
    package func lastKnownRun() throws(ArchiveError) -> Instant? {
        let traces = [
            try newestChange(), try index.lastSampleAt(), try index.lastEvent(of: StoredEvent.Kind.allCases)?.at,
        ]
        return traces.compactMap { $0 }.max()
    }

    /// Why a new value would be refused now, if the whole archive has no room for it; `nil` if it has.
    package func shortage() throws(ArchiveError) -> Refusal? {
        guard hasAmpleRoom, freeBytes > freeBytesWhenFull.load(ordering: .acquiring) else { return .diskReserve }
        let (liveBytes, ownBytes) = try environment.read { (transaction) throws(ArchiveError) in
            (try transaction.livePageCount() * environment.pageBytes, try transaction.servedBytesOfTheOperator())
        }
        if liveBytes >= options.mapBytesForNew { return .diskReserve }
        guard liveBytes < options.liveBytesMax else { return .quota }
        // What others stored makes room. What is published here or pinned does not.
        let newBytes = EntryRecord.charge(entryBytes: Entry.byteCountMax)
        return ownBytes + newBytes <= options.budgets.served ? nil : .budget
    }

    /// How much room the file system of the archive has for this user.
    package var freeBytes: Int { DiskRoom.freeBytes(folder: folder) }
}

extension ReadTransaction {
    /// How many bytes of the served values are published here or pinned.
    fileprivate func servedBytesOfTheOperator() throws(ArchiveError) -> Int {
        try lend(AccountKey.holding(Account(budget: .served, source: .theOperator))) { (key) throws(ArchiveError) in
            try get(.holdings, key).flatMap { Usage($0, key: key) }?.bytes ?? 0
        }
    }
}

/// How many pinned keys have how many replicas elsewhere, by the last look at each.
package struct PinnedReplicas: Sendable, Hashable {
    /// At least as many as are wanted.
    package var enough = 0
    package var few = 0
    package var none = 0
    /// Nobody has looked yet, or nobody has any value of the key, this node neither: it may come, or it is a signer's own key.
    package var unknown = 0

    package init() {}
}

extension Archive {
    /// Counts the pinned keys by their replicas. It reads the notes on all of them.
    ///
    /// - Parameter wanted: with fewer replicas, a key has few.
    package func pinnedReplicas(wanted: Int) throws(ArchiveError) -> PinnedReplicas {
        var replicas = PinnedReplicas()
        let targets = try pinnedTargets()
        guard !targets.isEmpty else { return replicas }
        let acknowledged = try index.acknowledgedOfSought()
        for target in targets {
            switch acknowledged[target] {
            case nil: replicas.unknown += 1
            case 0?:
                if try hasValues(under: target) { replicas.none += 1 } else { replicas.unknown += 1 }
            case let count?: if count < wanted { replicas.few += 1 } else { replicas.enough += 1 }
            }
        }
        return replicas
    }

    private func hasValues(under target: Target) throws(ArchiveError) -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            for table in [Table.entries, .retained] where try transaction.firstKey(table, prefix: target.bytes) != nil {
                return true
            }
            return false
        }
    }
}
