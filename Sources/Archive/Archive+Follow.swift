internal import IPv8
internal import Synchronization

extension Archive {
    /// Brings the index forward along the journal by one bounded step, in one SQLite transaction.
    ///
    /// An index that does not fit the archive is rebuilt, one part in each step.
    /// An error means that the index cannot be written now. The archive is not affected, and the next call tries again.
    ///
    /// - Parameter limit: how many changes or records one step takes over at most.
    public func follow(limit: Int = 4096) throws(ArchiveError) -> FollowResult {
        let result = following.withLock { _ in
            Result { () throws(ArchiveError) in try step(limit: max(1, limit)) }
        }
        return try result.get()
    }

    /// Discards the index's content, so that `follow` derives it again: for an index that was found to differ.
    ///
    /// SQLite's pages carry no checksums, so damage within a row is only seen by comparing.
    package func rebuildIndex(because reason: String) throws(ArchiveError) {
        let result = following.withLock { _ in
            Result { () throws(ArchiveError) in _ = try restart(because: reason) }
        }
        try result.get()
    }

    private func step(limit: Int) throws(ArchiveError) -> FollowResult {
        let (position, reason) = try fittingPosition()
        var result =
            position.rebuild == nil
            ? try followJournal(from: position, limit: limit)
            : try rebuildFurther(from: position, limit: limit)
        if result.rebuildReason == nil { result.rebuildReason = reason }
        return result
    }

    /// Opens the index and checks whether it fits. `follow` tries again if it cannot be opened now.
    func openIndex(_ progress: (ArchiveProgress) -> Void) throws(ArchiveError) {
        do throws(ArchiveError) {
            if let path = try index.open() { progress(.indexMovedAside(path: path)) }
            if let reason = try fittingPosition().reason { progress(.indexRebuild(reason: reason)) }
        } catch .index(let detail) {
            progress(.indexRebuild(reason: "it cannot be opened now (\(detail))"))
        }
    }

    /// The index's position, and why a rebuild was begun, if one was.
    private func fittingPosition() throws(ArchiveError) -> (position: IndexPosition, reason: String?) {
        var found = try index.position()
        if let found, try misfit(of: found) == nil {
            publish(found)
            return (found, nil)
        }
        let reason = try found.map { (found) throws(ArchiveError) in try misfit(of: found) } ?? nil
        if let other = found?.archiveID, other != identity.archiveID {
            // What cannot be derived, such as bans and the owner, is the other archive's too.
            try index.moveAside()
            found = nil
        }
        let reasonIfEmpty = index.wasEmptied ? "its schema has changed" : "there is none"
        let position = try positionToRebuildFrom()
        try index.beginRebuild(position)
        writeBansBack()
        publish(position)
        return (position, position.rebuild == nil && found == nil ? nil : reason ?? reasonIfEmpty)
    }

    /// Where the journal is followed from once the tables have been read; an archive without changes has none to read.
    private func positionToRebuildFrom() throws(ArchiveError) -> IndexPosition {
        let end = try environment.read { (transaction) throws(ArchiveError) in try transaction.journalEnd() }
        return IndexPosition(
            archiveID: identity.archiveID, last: end, readAt: end,
            rebuild: end == .start ? nil : IndexPosition.Rebuild(after: [], done: 0),
            republishRule: options.republishing.description)
    }

    /// Why an index cannot follow the journal; `nil` if it can.
    private func misfit(of position: IndexPosition) throws(ArchiveError) -> String? {
        guard position.archiveID == identity.archiveID else { return "it belongs to another archive" }
        guard position.republishRule == options.republishing.description else {
            return "the upkeep settings are others now"
        }
        return try environment.read { (transaction) throws(ArchiveError) in
            let end = try transaction.journalEnd()
            if position.readAt.number > end.number { return "it is ahead of the archive" }
            if position.readAt == end, position.last == end { return nil }
            var cursor = try transaction.cursor(.journal)
            guard try cursor.first(), cursor.key.count == 8 else { return "the journal is gone" }
            let first = cursor.key.bigEndian(UInt64.self, at: 0)
            guard first <= max(1, position.last.number) else { return "the journal begins after it" }
            for place in [position.last, position.readAt] where place != .start {
                guard try transaction.journalChecksum(of: place.number) == place.checksum else {
                    return "it followed another course of changes"
                }
            }
            return nil
        }
    }

    private func publish(_ position: IndexPosition) {
        indexPosition.withLock { $0 = position }
        journalNeededFrom.store(position.last.number, ordering: .releasing)
    }
}

// MARK: - The steps

extension Archive {
    /// Part of the journal, and what the records that it names say now.
    private struct Batch {
        var changes: [IndexChange] = []
        var applied = 0
        var last: JournalPlace
        let readAt: JournalPlace
        var isComplete = true
        /// The journal has a gap or a damaged record.
        var isBroken = false
        /// A value was forgotten, and nobody can tell its row in the index by the hash of its key.
        var namesForgotten = false
        var damaged: [DamagedRecord] = []
    }

    private func followJournal(from position: IndexPosition, limit: Int) throws(ArchiveError) -> FollowResult {
        let batch = try environment.read { (transaction) throws(ArchiveError) in
            try Archive.batch(after: position.last, limit: limit, in: transaction)
        }
        note(batch.damaged)
        guard !batch.isBroken else { return try restart(because: "the journal is damaged") }
        guard !batch.namesForgotten else {
            return try restart(because: "it did not follow before values were forgotten")
        }
        if batch.applied > 0 {
            var next = position
            next.last = batch.last
            next.readAt = batch.readAt
            try index.apply(batch.changes, upTo: next)
            publish(next)
        }
        return FollowResult(applied: batch.applied, isCurrent: batch.isComplete)
    }

    /// Reads on in the journal. A record that was changed several times is read once: the journal says what changed,
    /// the table what it is now.
    private static func batch(
        after last: JournalPlace, limit: Int, in transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Batch {
        var batch = Batch(last: last, readAt: try transaction.journalEnd())
        var seen: Set<EntryKey> = []
        var cursor = try transaction.cursor(.journal)
        var isThere = try withNumber(last.number &+ 1) { (key) throws(ArchiveError) in try cursor.seek(key) }
        while isThere {
            guard batch.applied < limit else {
                batch.isComplete = false
                return batch
            }
            guard let record = JournalRecord(cursor.value, key: cursor.key), cursor.key.count == 8,
                cursor.key.bigEndian(UInt64.self, at: 0) == batch.last.number &+ 1,
                record.previousChecksum == batch.last.checksum
            else {
                batch.damaged.append(DamagedRecord(table: Table.journal.name, key: Array(cursor.key)))
                batch.isBroken = true
                return batch
            }
            batch.last = JournalPlace(number: batch.last.number &+ 1, checksum: record.checksum)
            batch.applied += 1
            if let key = record.entryKey {
                if seen.insert(key).inserted {
                    batch.changes.append(try change(of: key, in: transaction, &batch.damaged))
                }
            } else if record.isForgotten, record.kind.item == .value {
                batch.namesForgotten = true
                return batch
            }
            isThere = try cursor.next()
        }
        return batch
    }

    private static func change(
        of key: EntryKey, in transaction: borrowing ReadTransaction, _ damaged: inout [DamagedRecord]
    ) throws(ArchiveError) -> IndexChange {
        for table in Archive.indexed {
            var damage: DamagedRecord?
            let change = try key.withBytes { (bytes) throws(ArchiveError) -> IndexChange? in
                guard let value = try transaction.get(table, bytes) else { return nil }
                if let record = ArchivedRecord(value, key: bytes, table: table) {
                    return .put(key, record, isRetained: table == .retained)
                }
                damage = DamagedRecord(table: table.name, key: Array(bytes))
                return nil
            }
            if let damage { damaged.append(damage) }
            if let change { return change }
        }
        return .remove(key)
    }

    /// The tables that the index has the records of, in the order in which a rebuild takes them over.
    private static let indexed: [Table] = [.entries, .retained]

    private func rebuildFurther(from position: IndexPosition, limit: Int) throws(ArchiveError) -> FollowResult {
        guard let rebuild = position.rebuild else { return FollowResult(applied: 0, isCurrent: false) }
        var changes: [IndexChange] = []
        var damaged: [DamagedRecord] = []
        let (readAt, after, walked, total) = try environment.read { (transaction) throws(ArchiveError) in
            var after: [UInt8]?
            var walked = 0
            for table in Archive.indexed where table.rawValue >= rebuild.after.first ?? 0 && walked < limit {
                let start = rebuild.after.first == table.rawValue ? Array(rebuild.after.dropFirst()) + [0] : nil
                try transaction.forEach(table, prefix: [], from: start) { (key, value) throws(ArchiveError) in
                    if let place = EntryKey(key), let record = ArchivedRecord(value, key: key, table: table) {
                        changes.append(.put(place, record, isRetained: table == .retained))
                    } else {
                        damaged.append(DamagedRecord(table: table.name, key: Array(key)))
                    }
                    walked += 1
                    if walked == limit { after = [table.rawValue] + key }
                    return walked < limit
                }
            }
            var total = 0
            for table in Archive.indexed { total += try transaction.recordCount(table) }
            return (try transaction.journalEnd(), after, walked, total)
        }
        note(damaged)
        var next = position
        next.readAt = readAt
        next.rebuild = after.map { IndexPosition.Rebuild(after: $0, done: rebuild.done + walked) }
        try index.apply(changes, upTo: next)
        publish(next)
        return FollowResult(
            applied: walked, isCurrent: false,
            rebuild: FollowResult.Rebuild(done: rebuild.done + walked, total: max(total, rebuild.done + walked)))
    }

    private func restart(because reason: String) throws(ArchiveError) -> FollowResult {
        let position = try positionToRebuildFrom()
        try index.beginRebuild(position)
        publish(position)
        return FollowResult(applied: 0, isCurrent: false, rebuildReason: reason)
    }
}

/// Lends the eight bytes of a number, which are a key of the journal.
private func withNumber<Value>(
    _ number: UInt64, _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Value
) throws(ArchiveError) -> Value {
    try withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { (buffer) throws(ArchiveError) in
        buffer.storeBytes(of: number.bigEndian, as: UInt64.self)
        return try body(UnsafeRawBufferPointer(buffer))
    }
}

extension ReadTransaction {
    /// The checksum that a change's record carries; `nil` if the change is gone.
    fileprivate func journalChecksum(of number: UInt64) throws(ArchiveError) -> UInt64? {
        try withNumber(number) { (key) throws(ArchiveError) in
            try get(.journal, key).map { JournalRecord.checksum(of: $0) }
        }
    }
}
