public import IPv8
internal import Synchronization

extension Archive {
    /// Applies a group of changes in one durable transaction: when this returns, they are on the disk.
    ///
    /// A value that is refused costs the others nothing. Where disk or map turn out to be full on the way, nothing is
    /// written, and whatever would have needed a write is refused. After an error nothing of the group is held, and
    /// nothing of it may be acknowledged.
    ///
    /// - Parameters:
    ///   - changes: in the order in which they came.
    ///   - now: the time of the changes.
    ///   - clockIsSteady: whether `now` can be relied on, so that an expired value may give up its place under a target
    ///     that is full.
    /// - Returns: an outcome for each change, in their order.
    public func commit(
        _ changes: [ArchiveChange], at now: Instant, clockIsSteady: Bool = true
    ) throws(ArchiveError) -> [ArchiveOutcome] {
        try inPass(at: now, clockIsSteady) { (pass, transaction) throws(ArchiveError) in
            var outcomes: [ArchiveOutcome] = []
            outcomes.reserveCapacity(changes.count)
            for change in changes { outcomes.append(try pass.apply(change, in: transaction)) }
            return outcomes
        }
    }

    /// Changes tables in one durable transaction; again, without anything that would grow, where disk or map turn out to
    /// be full on the way.
    func inPass<Result>(
        at now: Instant, _ clockIsSteady: Bool,
        _ body: (inout StorePass, borrowing WriteTransaction) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        guard !isReadOnly else { throw .readOnly(path: environment.path) }
        try checkPlace()
        do throws(ArchiveError) {
            let result: Result
            do throws(ArchiveError) {
                let room = DiskRoom(folder: folder, reserveBytes: options.diskReserveBytes)
                result = try attempt(at: now, clockIsSteady, room, body)
            } catch  where hasNoRoom(error) {
                result = try attempt(at: now, clockIsSteady, .exhausted, body)
            }
            // The file may have been deleted meanwhile.
            try checkPlace()
            return result
        } catch {
            switch error {
            case .ioFailed, .readOnly: deviceFailed.store(true, ordering: .releasing)
            default: break
            }
            throw error
        }
    }

    private func hasNoRoom(_ error: ArchiveError) -> Bool {
        switch error {
        case .mapFull, .diskFull: true
        case .ioFailed: DiskRoom.hasRunOut(folder: folder)
        default: false
        }
    }

    private func attempt<Result>(
        at now: Instant, _ clockIsSteady: Bool, _ room: DiskRoom,
        _ body: (inout StorePass, borrowing WriteTransaction) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        var damaged: [DamagedRecord] = []
        var tallies: [String: Int] = [:]
        defer { note(damaged) }
        let result = try environment.write { (transaction) throws(ArchiveError) in
            let counts = try transaction.view.counts() ?? CountsRecord()
            let statements = try transaction.view.statementCounts()
            var pass = StorePass(
                now: now, options: options, room: room, clockIsSteady: clockIsSteady,
                hasPins: statements[.pins] != 0, hasBlocks: statements[.blocks] != 0,
                journal: try transaction.view.journalEnd(), counts: counts)
            defer { damaged = pass.damaged }
            let result = try body(&pass, transaction)
            // LMDB counts each table's records itself, so nobody who changes these tables has to.
            pass.counts.statements?.add(changesFrom: statements, to: try transaction.view.statementCounts())
            try settle(&pass, since: counts, in: transaction)
            tallies = pass.tallies
            return result
        }
        counters.withLock { counters in
            for (name, count) in tallies { counters[name, default: 0] += count }
        }
        return result
    }

    /// Writes accounts and counts, and takes away what the index has of the journal: twice what was added at most, so that a
    /// long journal goes little by little.
    func settle(
        _ pass: inout StorePass, since counts: CountsRecord, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        try pass.writeAccounts(in: transaction)
        if pass.counts != counts {
            pass.encoder.encode(pass.counts)
            try transaction.put(.meta, &pass.encoder)
        }
        guard pass.changeCount > 0 else { return }
        let neededFrom = min(
            journalNeededFrom.load(ordering: .acquiring), journalKeptAbove.load(ordering: .acquiring))
        var cursor = try transaction.view.cursor(.journal)
        var left = 2 * pass.changeCount
        var isThere = try cursor.first()
        while isThere, left > 0, cursor.key.count == 8, cursor.key.bigEndian(UInt64.self, at: 0) < neededFrom {
            try cursor.delete()
            left -= 1
            isThere = try cursor.next()
        }
    }
}

extension ReadTransaction {
    /// The last change that was noted. A damaged record still has its place.
    func journalEnd() throws(ArchiveError) -> JournalPlace {
        var cursor = try cursor(.journal)
        guard try cursor.last() else { return .start }
        guard cursor.key.count == 8 else {
            throw .damaged(path: environment.path, detail: "the journal ends in an impossible key")
        }
        return JournalPlace(
            number: cursor.key.bigEndian(UInt64.self, at: 0), checksum: RecordChecksum.stored(in: cursor.value))
    }
}
