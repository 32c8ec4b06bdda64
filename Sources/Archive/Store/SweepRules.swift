internal import IPv8

/// What a sweep has to do about a record, by what the record says and what is pinned.
struct SweepRules {
    let now: Instant
    let retention: Retention
    /// Whether anything is pinned at all.
    let hasPins: Bool

    /// Something to be done about a record.
    enum Task: Hashable {
        /// It has expired, and leaves the serving window.
        case retire(EntryKey)
        /// It has been retained for long enough.
        case letGo(EntryKey)
        /// It was retained because of a wrong clock, and has not expired after all.
        case serveAgain(EntryKey)
        /// It stays, and another source's account grows by it.
        case charge(Budget, Source)
        /// It is an earlier version of something that is gone.
        case removeVersion(HistoryKey)
    }

    /// What is to be done about a record; `nil` if nothing is, and for a damaged one.
    func task(
        for key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in table: Table,
        _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Task? {
        switch table {
        case .entries: try taskForValue(key, value, in: .served, transaction)
        case .retained: try taskForValue(key, value, in: .retained, transaction)
        case .history: try taskForVersion(key, value, transaction)
        default: nil
        }
    }

    private func taskForValue(
        _ bytes: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in budget: Budget,
        _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Task? {
        guard let key = EntryKey(bytes), let record = EntryRecord(value, key: bytes, table: budget.table) else {
            return nil
        }
        let facts = record.facts
        let isPinned = hasPins ? try transaction.isPinned(key.target, key.optionalSigner) : false
        if budget == .served {
            if facts.expiresAt + Retention.graceAfterExpiry <= now { return .retire(key) }
        } else {
            if facts.expiresAt > now { return .serveAgain(key) }
            let reason = isPinned ? .pinned : facts.reason(key.entryClass)
            if retention.isOver(reason, expiresAt: facts.expiresAt, at: now) { return .letGo(key) }
        }
        let source = isPinned ? .theOperator : facts.source
        let charge = bytes.count + value.count
        let filing = Filing(budget: budget, source: source, since: facts.firstSeen, key: key.bytes, charge: charge)
        return try transaction.has(.ages, AccountKey.age(filing)) ? nil : .charge(budget, source)
    }

    /// An earlier version stays for as long as its value does, or for as long as it would be retained itself.
    private func taskForVersion(
        _ bytes: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Task? {
        guard let key = HistoryKey(bytes), let past = HistoryRecord(value, key: bytes) else { return nil }
        let entryClass: EntryClass = key.signer.bits == key.target.bits ? .owner : .signed
        let entryKey = key.target.bytes + [entryClass.rawValue] + key.signer.bytes
        for table in [Table.entries, .retained] where try transaction.has(table, entryKey) { return nil }
        let isPinned = hasPins ? try transaction.isPinned(key.target, key.signer) : false
        let reason = isPinned ? .pinned : past.record.facts.reason(entryClass)
        let expiry = max(past.replacedAt, past.record.expiresAt)
        return retention.isOver(reason, expiresAt: expiry, at: now) ? .removeVersion(key) : nil
    }
}
