package import IPv8

/// The result of repairing an archive.
package struct RepairReport: Codable, Hashable, Sendable {
    /// The damaged records that were moved to the quarantine, by table.
    package var quarantined: [String: Int] = [:]
    /// Whether the counts had to be written anew.
    package var countsRestored = false
    /// Whether the accounts had to be written anew.
    package var accountsRestored = false
    /// Whether the serving order had to be written anew.
    package var orderRestored = false
    /// Publications that were written anew, because their values say that they were published here.
    package var publicationsRestored = 0
    /// Changes that were taken out of the journal, because the course of changes is broken there.
    package var changesDropped = 0
    /// Records that the index was built from.
    package var indexed = 0
}

extension Archive {
    /// The tables whose damaged records are moved to the quarantine, together with their charges.
    private static let mended: [Table] = [
        .meta, .entries, .retained, .floors, .history, .evidence, .publications, .pins, .blocks, .secrets, .holdings,
        .ranks, .ages,
    ]
    private static let repairedPerStep = 4096
    /// How many publications a commit has: a running node restores some after an import, and its stores wait meanwhile.
    private static let restoredPerCommit = 256

    /// Moves every damaged record into the quarantine as it is, and makes anew whatever can be derived from the records that
    /// are sound: publications, accounts, serving order, counts, the journal's beginning, the index.
    ///
    /// Nothing is deleted but changes of the journal that the index has no use for. Damage in LMDB's own pages is nothing
    /// that this could mend.
    ///
    /// - Parameter progress: called with the step under way and how far it is.
    package func repair(at now: Instant, progress: (String, Int) -> Void) throws(ArchiveError) -> RepairReport {
        var report = RepairReport()
        let verifier = SignatureVerifier()
        for table in Archive.mended {
            try walk(table) { (batch) throws(ArchiveError) in
                let damaged = batch.filter { RecordCheck.fault(of: $0, in: table, verifier) != nil }
                if !damaged.isEmpty { try moveAside(damaged, of: table, at: now) }
                report.quarantined[table.name, default: 0] += damaged.count
                progress(table.name, batch.count)
            }
        }
        report.publicationsRestored = try restorePublications(at: now)
        let dropped = try mendJournal(at: now, &report)
        report.changesDropped = dropped
        report.quarantined = report.quarantined.filter { $0.value > 0 }
        report.accountsRestored = try restoreAccounts(at: now)
        report.orderRestored = try restoreOrder()
        report.countsRestored = try recount()
        try rebuildIndex(because: "the archive is being repaired")
        while true {
            let step = try follow()
            report.indexed = max(report.indexed, step.rebuild?.done ?? report.indexed)
            progress("index", step.applied)
            if step.isCurrent { return report }
        }
    }

    /// Writes the publications that are missing although values say that they were published here.
    ///
    /// - Returns: how many.
    package func restorePublications(at now: Instant) throws(ArchiveError) -> Int {
        var restored = 0
        for table in [Table.entries, .retained] {
            try walk(table) { (batch) throws(ArchiveError) in
                restored += try restorePublications(batch, of: table, at: now)
            }
        }
        return restored
    }

    /// Goes over a table in batches.
    private func walk(_ table: Table, _ body: ([RawRecord]) throws(ArchiveError) -> Void) throws(ArchiveError) {
        var after: [UInt8] = []
        while true {
            let batch = try records(of: table, after: after, limit: Archive.repairedPerStep)
            try body(batch)
            guard batch.count == Archive.repairedPerStep, let last = batch.last else { return }
            after = last.key
        }
    }

    private func moveAside(_ records: [RawRecord], of table: Table, at now: Instant) throws(ArchiveError) {
        try inPass(at: now, false) { (pass) throws(ArchiveError) in
            for record in records { try pass.takeOut(record, of: table) }
        }
    }

    /// Writes the publications that values of a batch lack, as of when the values came.
    private func restorePublications(
        _ batch: [RawRecord], of table: Table, at now: Instant
    ) throws(ArchiveError) -> Int {
        let lacking = try environment.read { (transaction) throws(ArchiveError) in
            var lacking: [[UInt8]] = []
            for record in batch where try transaction.missingPublication(of: record.key, in: table) != nil {
                lacking.append(record.key)
            }
            return lacking
        }
        var restored = 0
        for start in stride(from: 0, to: lacking.count, by: Archive.restoredPerCommit) {
            let keys = lacking[start..<min(start + Archive.restoredPerCommit, lacking.count)]
            restored += try inPass(at: now, false) { (pass) throws(ArchiveError) in
                var restored = 0
                for key in keys {
                    // The operator may have withdrawn or replaced the value meanwhile.
                    guard let (place, publication) = try pass.transaction.view.missingPublication(of: key, in: table)
                    else { continue }
                    pass.encoder.encode(publication, under: place)
                    try pass.transaction.put(.publications, &pass.encoder)
                    try pass.note(.published, place)
                    restored += 1
                }
                return restored
            }
        }
        return restored
    }

    /// Writes the accounts anew, all in one transaction, where they are not what the records say.
    private func restoreAccounts(at now: Instant) throws(ArchiveError) -> Bool {
        var isWrong = false
        try environment.read { (transaction) throws(ArchiveError) in
            try AccountCheck.run(in: transaction, tables: Table.allCases) { _ in isWrong = true }
        }
        guard isWrong else { return false }
        try inPass(at: now, false) { (pass) throws(ArchiveError) in
            for table in [Table.holdings, .ranks, .ages] { try pass.transaction.clear(table) }
            let counts = pass.counts
            for budget in Budget.allCases {
                var cursor = try pass.transaction.view.cursor(budget.table)
                var isThere = try cursor.first()
                while isThere {
                    if var filing = StorePass.filing(of: cursor.value, under: Array(cursor.key), in: budget) {
                        if try pass.isProtected(filing) { filing.source = .theOperator }
                        try pass.file(filing)
                    }
                    isThere = try cursor.next()
                }
            }
            // Charging counts too, and these records have been counted.
            pass.counts = counts
        }
        return true
    }

    /// Writes the counts anew where they are not what the tables hold.
    private func recount() throws(ArchiveError) -> Bool {
        try environment.write { (transaction) throws(ArchiveError) in
            let counted = try transaction.view.countRecords()
            guard try transaction.view.counts() != counted else { return false }
            var encoder = RecordEncoder()
            encoder.encode(counted)
            try transaction.put(.meta, &encoder)
            return true
        }
    }
}

extension ReadTransaction {
    /// The publication that the value under a key lacks, as of when the value came; `nil` if it lacks none.
    fileprivate func missingPublication(
        of key: [UInt8], in table: Table
    ) throws(ArchiveError) -> (EntryKey, PublicationRecord)? {
        try lend(key) { (key) throws(ArchiveError) in
            guard let value = try get(table, key), try lacksPublication(value, under: key, in: table),
                let place = EntryKey(key), let entry = EntryRecord(value, key: key, table: table)
            else { return nil }
            return (place, PublicationRecord(version: entry.version, published: entry.firstSeen, withdrawn: nil))
        }
    }
}
