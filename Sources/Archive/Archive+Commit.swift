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
        guard !isReadOnly else { throw .readOnly(path: environment.path) }
        do throws(ArchiveError) {
            let room = DiskRoom(folder: folder, reserveBytes: options.diskReserveBytes)
            return try attempt(changes, at: now, clockIsSteady, room)
        } catch {
            switch error {
            case .mapFull, .diskFull:
                return try attempt(changes, at: now, clockIsSteady, .exhausted)
            case .ioFailed where DiskRoom.hasRunOut(folder: folder):
                return try attempt(changes, at: now, clockIsSteady, .exhausted)
            case .ioFailed, .readOnly:
                deviceFailed.store(true, ordering: .releasing)
                throw error
            default:
                throw error
            }
        }
    }

    private func attempt(
        _ changes: [ArchiveChange], at now: Instant, _ clockIsSteady: Bool, _ room: DiskRoom
    ) throws(ArchiveError) -> [ArchiveOutcome] {
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        return try environment.write { (transaction) throws(ArchiveError) in
            let counts = try transaction.view.counts() ?? CountsRecord()
            var pass = StorePass(
                now: now, options: options, room: room, clockIsSteady: clockIsSteady,
                journal: try transaction.view.journalEnd(), counts: counts)
            defer { damaged = pass.damaged }
            var outcomes: [ArchiveOutcome] = []
            outcomes.reserveCapacity(changes.count)
            for change in changes { outcomes.append(try pass.apply(change, in: transaction)) }
            if pass.changeCount > 0 { try settle(&pass, since: counts, in: transaction) }
            return outcomes
        }
    }

    /// Writes the counts, and takes away what the index has of the journal: twice what was added at most, so that a
    /// long journal goes little by little.
    func settle(
        _ pass: inout StorePass, since counts: CountsRecord, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        if pass.counts != counts {
            pass.encoder.encode(pass.counts)
            try transaction.put(.meta, &pass.encoder)
        }
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
