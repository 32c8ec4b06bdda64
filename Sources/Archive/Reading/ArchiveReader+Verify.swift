internal import IPv8

extension ArchiveReader {
    /// Checks LMDB's pages and every record of every table: checksums, keys, signatures, the course of the journal, the counts
    /// and the accounts. Compares the index with the archive.
    ///
    /// It reads in batches, each with a snapshot of its own, so that a running node can reuse its pages. Damage in LMDB's own
    /// pages can end the process: call this in a process that may end.
    ///
    /// - Parameters:
    ///   - threads: how many check signatures at once.
    ///   - isStopped: asked after each batch whether to give up, with ``ArchiveError/copyStopped``.
    ///   - progress: called after each batch.
    ///   - found: called with each finding.
    public func verify(
        threads: Int, unless isStopped: () -> Bool = { false }, progress: (VerifyProgress) -> Void,
        found: (VerifyFinding) -> Void
    ) throws(ArchiveError) -> VerifyReport {
        let begun = ContinuousClock.now
        var walk = VerifyWalk(threads: max(1, threads), total: try recordCount())
        let inspection = try inspect(limit: nil)
        // A damaged record of the counts is told among the records.
        for finding in inspection.findings where finding.fault != RecordCheck.checksumFault {
            walk.tell(finding, found)
        }
        var comparison = try IndexComparison(self)
        for table in Table.allCases where environment.has(table) {
            try verify(table, &walk, &comparison, unless: isStopped, progress, found)
        }
        try environment.read { (transaction) throws(ArchiveError) in
            try AccountCheck.run(in: transaction, tables: Table.allCases.filter { environment.has($0) }) { finding in
                walk.tell(finding, found)
            }
        }
        if environment.has(.order) {
            try environment.read { (transaction) throws(ArchiveError) in
                try transaction.checkOrder { walk.tell($0, found) }
            }
        }
        for finding in try comparison.settle(in: self) { walk.tell(finding, found) }
        let duration = ContinuousClock.now - begun
        let isLong = duration > ArchiveReader.longVerification
        return VerifyReport(
            tables: walk.tables, signatures: walk.signatures, findings: walk.findings,
            quarantined: walk.tables.first { $0.name == Table.quarantine.name }?.records ?? 0,
            indexNotComparedBecause: comparison.refusal,
            pagesChecked: inspection.isComplete ? inspection.pageCount : nil,
            duration: duration,
            bareSignaturesPerSecond: isLong ? BareSpeed.measure(walk.sample, threads: walk.threads) : nil)
    }

    /// How long a check takes that is compared with the speed of the signatures' library.
    private static let longVerification: Duration = .seconds(1)

    private func verify(
        _ table: Table, _ walk: inout VerifyWalk, _ comparison: inout IndexComparison, unless isStopped: () -> Bool,
        _ progress: (VerifyProgress) -> Void, _ found: (VerifyFinding) -> Void
    ) throws(ArchiveError) {
        walk.tables.append(VerifyReport.Table(name: table.name, records: 0))
        var after: [UInt8]?
        var pending: BatchCheck?
        while true {
            guard !isStopped() else { throw .copyStopped }
            // Reading and comparing go on beside the check of the batch before.
            let (batch, unpublished) = try batch(of: table, after: after)
            for finding in unpublished { walk.tell(finding, found) }
            let isLast = batch.count < VerifyWalk.batchRecords
            let check = BatchCheck(batch, in: table, threads: walk.threads, walk.verifier)
            if table == .entries || table == .retained {
                try comparison.compare(batch, of: table, after: after, isLast: isLast, in: self)
            }
            if let pending { conclude(pending, table, &walk, progress, found) }
            guard !isLast, let last = batch.last else { return conclude(check, table, &walk, progress, found) }
            pending = check
            after = last.key
        }
    }

    private func conclude(
        _ check: BatchCheck, _ table: Table, _ walk: inout VerifyWalk, _ progress: (VerifyProgress) -> Void,
        _ found: (VerifyFinding) -> Void
    ) {
        for finding in walk.take(check, in: table) { walk.tell(finding, found) }
        progress(VerifyProgress(table: table.name, checked: walk.checked, total: max(walk.total, walk.checked)))
    }

    /// The next records of a table, and those of them that were published here without a publication that says so.
    private func batch(
        of table: Table, after key: [UInt8]?
    ) throws(ArchiveError) -> ([RawRecord], [VerifyFinding]) {
        try environment.read { (transaction) throws(ArchiveError) in
            var records: [RawRecord] = []
            var findings: [VerifyFinding] = []
            // An import brings values first; it goes on where it was interrupted.
            let isImporting = try transaction.importProgress() != nil
            let mayLackPublications = isImporting || !environment.has(.publications)
            try transaction.forEach(table, prefix: [], after: key ?? []) { (key, value) throws(ArchiveError) in
                records.append(RawRecord(key: Array(key), value: Array(value)))
                if table == .entries || table == .retained, !mayLackPublications,
                    try transaction.lacksPublication(value, under: key, in: table)
                {
                    findings.append(
                        VerifyFinding(
                            table: Table.publications.name, key: Array(key),
                            fault: "is missing: the value was published here and is not withdrawn"))
                }
                return records.count < VerifyWalk.batchRecords
            }
            return (records, findings)
        }
    }

    private func recordCount() throws(ArchiveError) -> Int {
        try environment.read { (transaction) throws(ArchiveError) in
            var count = 0
            for table in Table.allCases where environment.has(table) { count += try transaction.recordCount(table) }
            return count
        }
    }
}

/// What a check has found so far.
private struct VerifyWalk {
    let threads: Int
    let total: Int
    var tables: [VerifyReport.Table] = []
    var checked = 0
    var signatures = 0
    var findings = 0
    /// Some of the signed values, to measure the speed of the signatures' library with.
    var sample: [Entry] = []
    let verifier = SignatureVerifier()
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

    /// Takes in what the check of a batch has found, which follows that of the call before.
    mutating func take(_ check: BatchCheck, in table: Table) -> [VerifyFinding] {
        let batch = check.records
        checked += batch.count
        if !tables.isEmpty { tables[tables.count - 1].records += batch.count }
        for record in batch { signatures += RecordCheck.signatures(in: record, of: table) }
        var faults = check.wait()
        switch table {
        case .entries: BareSpeed.collect(&sample, from: batch)
        case .journal:
            for (place, record) in batch.enumerated() where faults[place] == nil { follow(record, &faults[place]) }
        default: break
        }
        return zip(batch, faults).compactMap { record, fault in
            fault.map { VerifyFinding(table: table.name, key: record.key, fault: $0) }
        }
    }

    /// Each change has the number behind that of the one before, and carries its checksum.
    private mutating func follow(_ record: RawRecord, _ fault: inout String?) {
        let (number, previous, checksum) = record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                (
                    key.count == 8 ? key.bigEndian(UInt64.self, at: 0) : 0,
                    JournalRecord(value, key: key)?.previousChecksum, JournalRecord.checksum(of: value)
                )
            }
        }
        if let journal, journal.number &+ 1 != number || journal.checksum != previous {
            fault = "does not follow the change before it"
        }
        journal = JournalPlace(number: number, checksum: checksum)
    }
}
