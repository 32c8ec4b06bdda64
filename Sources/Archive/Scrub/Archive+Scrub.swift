public import IPv8

extension Archive {
    /// The tables that a scrub reads, in this order: those that grow with what others store. Pins, blocks and what was
    /// published are few, and a damaged one stays where it is, since it still protects.
    private static let scrubbed: [Table] = [.entries, .retained, .floors, .history, .evidence]

    /// Re-reads records, checks each one's checksum and signature, and notes in the index when it did.
    ///
    /// What is damaged moves to the quarantine, as it was found, and its place is free for a good copy; that the value
    /// is gone is a change in the journal, and its version, where it can be believed, stays as the floor. On an archive
    /// that cannot be written damage is only reported.
    ///
    /// - Parameters:
    ///   - cursor: where the step before ended.
    ///   - limit: how many records to read at most.
    ///   - start: when the whole pass was begun, noted with each signature that was checked.
    public func scrub(
        from cursor: ScrubCursor, limit: Int, at now: Instant, begunAt start: Instant, _ verifier: SignatureVerifier
    ) throws(ArchiveError) -> ScrubStep {
        guard let place = Archive.scrubbed.firstIndex(where: { $0.rawValue == cursor.table }) else {
            return ScrubStep(next: nil)
        }
        let table = Archive.scrubbed[place]
        let batch = try records(of: table, after: cursor.key, limit: max(1, limit))
        var step = ScrubStep(next: nil, checked: batch.count)
        var found: [(record: RawRecord, fault: String)] = []
        var sound: [EntryKey] = []
        for record in batch {
            if let fault = RecordCheck.fault(of: record, in: table, verifier) {
                found.append((record, fault))
                step.damaged.append(ScrubDamage(record, table, fault))
            } else if table == .entries || table == .retained, let key = EntryKey(bytes: record.key),
                key.entryClass != .unsigned
            {
                sound.append(key)
            }
        }
        note(step.damaged.map { DamagedRecord(table: $0.table, key: $0.key) })
        if !found.isEmpty, !isReadOnly { try quarantine(found, of: table, at: now) }
        // What the index remembers of a signature can be lost, so it stops no scrub.
        if !sound.isEmpty { try? index.noteVerified(sound, at: now, inScrubFrom: start) }
        if batch.count == max(1, limit), let last = batch.last {
            step.next = ScrubCursor(table: table.rawValue, key: last.key)
        } else if place + 1 < Archive.scrubbed.count {
            step.next = ScrubCursor(table: Archive.scrubbed[place + 1].rawValue, key: [])
        }
        return step
    }

    /// How far the scrub was when that was last kept.
    public func scrubState() throws(ArchiveError) -> ScrubState { try index.scrubState() ?? ScrubState() }

    /// Keeps how far the scrub is.
    public func saveScrubState(_ state: ScrubState) throws(ArchiveError) { try index.save(state) }

    func records(of table: Table, after key: [UInt8], limit: Int) throws(ArchiveError) -> [RawRecord] {
        try environment.read { (transaction) throws(ArchiveError) in
            var records: [RawRecord] = []
            try transaction.forEach(table, prefix: [], after: key) { (key, value) throws(ArchiveError) in
                records.append(RawRecord(key: Array(key), value: Array(value)))
                return records.count < limit
            }
            return records
        }
    }

    private func quarantine(
        _ found: [(record: RawRecord, fault: String)], of table: Table, at now: Instant
    ) throws(ArchiveError) {
        try inPass(at: now, false) { (pass) throws(ArchiveError) in
            for (record, _) in found { try pass.takeOut(record, of: table) }
        }
    }
}

extension StorePass {
    /// Moves a damaged record into the quarantine, unless it has been replaced meanwhile. Its place in the accounts goes
    /// with it, and of an entry its version stays as the floor.
    mutating func takeOut(_ record: RawRecord, of table: Table) throws(ArchiveError) {
        let isStill = try lend(record.key) { (key) throws(ArchiveError) in
            try transaction.view.get(table, key)?.elementsEqual(record.value) ?? false
        }
        guard isStill else { return }
        try quarantine(record.value, from: table, under: record.key)
        let budget = Budget.allCases.first { $0.table == table }
        if let budget, budget == .served || budget == .retained, let key = EntryKey(bytes: record.key) {
            return try takeOut(key, from: budget, leavesFloor: true)
        }
        if let budget {
            if let filing = try presentFiling(of: record.key, in: budget) {
                try unfile(filing)
            } else {
                counts[budget].add(Usage(count: -1, bytes: -(record.key.count + record.value.count)))
            }
        }
        try transaction.delete(table, record.key)
        if let budget { try note(.removal(from: budget), record.key) }
        if table == .publications { try note(.publicationRemoved, record.key) }
        // The operator's word stands, though it is not known any more since when.
        if table == .pins || table == .blocks, let subject = record.key.withUnsafeBytes({ ArchiveSubject($0) }) {
            encoder.encode(subject, since: now, in: table)
            try transaction.put(table, &encoder)
            try note(table == .pins ? .pinned : .blocked, record.key)
        }
        if table == .meta, record.key == Array(JournalStartRecord.key.utf8) {
            encoder.encode(journalStart: journal.number &+ 1)
            try transaction.put(.meta, &encoder)
        }
    }
}

extension ScrubDamage {
    fileprivate init(_ record: RawRecord, _ table: Table, _ fault: String) {
        self.init(table: table.name, key: record.key, fault: fault, value: nil)
        guard table == .entries, let key = EntryKey(bytes: record.key) else { return }
        value = Lost(target: key.target, id: key.id)
    }
}
