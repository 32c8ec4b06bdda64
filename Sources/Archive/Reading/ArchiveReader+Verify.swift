internal import Dispatch
internal import IPv8
internal import Synchronization

extension ArchiveReader {
    /// Re-reads every record of every table and checks it: checksums, keys, signatures, the course of the journal, the
    /// counts; and whether the index says what the archive says.
    ///
    /// It walks in batches, each with a snapshot of its own, so that a node beside it can use its pages again. Damage
    /// below the records, in LMDB's own pages, can end the process: to be called in one that may end.
    ///
    /// - Parameters:
    ///   - threads: how many check signatures at once.
    ///   - progress: told after each batch.
    ///   - found: told each thing that is wrong.
    public func verify(
        threads: Int, progress: (VerifyProgress) -> Void, found: (VerifyFinding) -> Void
    ) throws(ArchiveError) -> VerifyReport {
        var walk = VerifyWalk(threads: max(1, threads), total: try recordCount())
        var comparison = try IndexComparison(self)
        for table in Table.allCases where environment.has(table) {
            try verify(table, &walk, &comparison, progress, found)
        }
        if !isInUse {
            for finding in try countFindings(walk) { walk.tell(finding, found) }
        }
        for finding in try comparison.settle(in: self) { walk.tell(finding, found) }
        return VerifyReport(
            tables: walk.tables, signatures: walk.signatures, findings: walk.findings,
            quarantined: walk.tables.first { $0.name == Table.quarantine.name }?.records ?? 0,
            indexNotComparedBecause: comparison.refusal)
    }

    private func verify(
        _ table: Table, _ walk: inout VerifyWalk, _ comparison: inout IndexComparison,
        _ progress: (VerifyProgress) -> Void, _ found: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        walk.tables.append(VerifyReport.Table(name: table.name, records: 0))
        var after: [UInt8]?
        while true {
            let batch = try batch(of: table, after: after)
            for finding in walk.check(batch, in: table) { walk.tell(finding, found) }
            if table == .entries {
                try comparison.compare(batch, after: after, isLast: batch.count < VerifyWalk.batchRecords, in: self)
            }
            progress(VerifyProgress(table: table.name, checked: walk.checked, total: max(walk.total, walk.checked)))
            guard batch.count == VerifyWalk.batchRecords, let last = batch.last else { return }
            after = last.key
        }
    }

    /// The next records of a table.
    private func batch(of table: Table, after key: [UInt8]?) throws(ArchiveError) -> [RawRecord] {
        try environment.read { (transaction) throws(ArchiveError) in
            var records: [RawRecord] = []
            var cursor = try transaction.cursor(table)
            var isThere = try Archive.seek(behind: key ?? [], &cursor)
            while isThere, records.count < VerifyWalk.batchRecords {
                records.append(RawRecord(key: Array(cursor.key), value: Array(cursor.value)))
                isThere = try cursor.next()
            }
            return records
        }
    }

    private func recordCount() throws(ArchiveError) -> Int {
        try environment.read { (transaction) throws(ArchiveError) in
            var count = 0
            for table in Table.allCases where environment.has(table) { count += try transaction.recordCount(table) }
            return count
        }
    }

    private func countFindings(_ walk: VerifyWalk) throws(ArchiveError) -> [VerifyFinding] {
        let written = try environment.read { (transaction) throws(ArchiveError) in try transaction.counts() }
        // Where their record is damaged, that has been found already.
        guard let written, written != walk.counts else { return [] }
        let (says, holds) = (written.entries.reduce(0, +), walk.counts.entries.reduce(0, +))
        let fault =
            says == holds && written.targets == walk.counts.targets
            ? "says that the tables hold other bytes than they do"
            : "says that there are \(says) values under \(written.targets) keys, and there are \(holds) "
                + "under \(walk.counts.targets)"
        return [VerifyFinding(table: Table.meta.name, key: Array(CountsRecord.key.utf8), fault: fault)]
    }
}

/// What a check has seen so far.
private struct VerifyWalk {
    let threads: Int
    let total: Int
    var tables: [VerifyReport.Table] = []
    var checked = 0
    var signatures = 0
    var findings = 0
    /// What the tables hold, counted anew.
    var counts = CountsRecord()
    private let verifier = SignatureVerifier()
    private var target: Target?
    private var journal: JournalPlace?

    static let batchRecords = 4096

    init(threads: Int, total: Int) {
        self.threads = threads
        self.total = total
    }

    mutating func tell(_ finding: VerifyFinding, _ found: (VerifyFinding) -> Void) {
        findings += 1
        found(finding)
    }

    /// Checks records that follow those of the call before.
    mutating func check(_ batch: [RawRecord], in table: Table) -> [VerifyFinding] {
        checked += batch.count
        if !tables.isEmpty { tables[tables.count - 1].records += batch.count }
        if let budget = Budget.allCases.first(where: { $0.table == table }) {
            for record in batch {
                counts[budget].add(Holding(count: 1, bytes: record.key.count + record.value.count))
            }
        }
        var faults = faultsOfEach(batch, in: table)
        switch table {
        case .entries: for record in batch { count(record) }
        case .journal:
            for (place, record) in batch.enumerated() where faults[place] == nil { follow(record, &faults[place]) }
        default: break
        }
        return zip(batch, faults).compactMap { record, fault in
            fault.map { VerifyFinding(table: table.name, key: record.key, fault: $0) }
        }
    }

    private func faultsOfEach(_ batch: [RawRecord], in table: Table) -> [String?] {
        let faults = Mutex([String?](repeating: nil, count: batch.count))
        let part = max(1, (batch.count + threads - 1) / threads)
        DispatchQueue.concurrentPerform(iterations: (batch.count + part - 1) / part) { number in
            for place in number * part..<min(batch.count, (number + 1) * part) {
                guard let fault = RecordCheck.fault(of: batch[place], in: table, verifier) else { continue }
                faults.withLock { $0[place] = fault }
            }
        }
        return faults.withLock { $0 }
    }

    private mutating func count(_ record: RawRecord) {
        guard let key = EntryKey(bytes: record.key) else { return }
        if key.target != target { counts.targets += 1 }
        target = key.target
        counts.add(key.entryClass, count: 1, bytes: EntryRecord.entryBytes(ofRecord: record.value.count))
        if key.entryClass != .unsigned { signatures += 1 }
    }

    /// Each change has the number behind that of the one before, and carries its checksum.
    private mutating func follow(_ record: RawRecord, _ fault: inout String?) {
        let (number, previous, checksum) = record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                (
                    key.count == 8 ? key.bigEndian(UInt64.self, at: 0) : 0,
                    JournalRecord(value, key: key)?.previousChecksum, RecordChecksum.stored(in: value)
                )
            }
        }
        if let journal, journal.number &+ 1 != number || journal.checksum != previous {
            fault = "does not follow the change before it"
        }
        journal = JournalPlace(number: number, checksum: checksum)
    }
}
