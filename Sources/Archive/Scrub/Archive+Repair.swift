package import IPv8

/// What repairing an archive came to.
package struct RepairReport: Hashable, Sendable {
    /// The damaged records that were moved to the quarantine, by table.
    package var quarantined: [String: Int] = [:]
    /// Whether the counts had to be written anew.
    package var countsRestored = false
    /// Records that the index was built from.
    package var indexed = 0
}

extension Archive {
    /// The tables of which damaged records are moved aside, what the accounts have of them with them. The accounts are
    /// last: what is taken out of them is put back by the sweep.
    private static let mended: [Table] = [
        .entries, .retained, .floors, .history, .evidence, .publications, .pins, .blocks, .secrets, .holdings, .ranks,
        .ages,
    ]
    private static let recordsPerStep = 4096

    /// Moves every damaged record into the quarantine as it is, counts anew, and builds the index anew.
    ///
    /// Nothing is deleted. Damage in LMDB's own pages is nothing that this could mend.
    ///
    /// - Parameter progress: told what is being done, and how far it is.
    package func repair(at now: Instant, progress: (String, Int) -> Void) throws(ArchiveError) -> RepairReport {
        var report = RepairReport()
        let verifier = SignatureVerifier()
        for table in Archive.mended {
            var after: [UInt8] = []
            while true {
                let batch = try records(of: table, after: after, limit: Archive.recordsPerStep)
                let damaged = batch.filter { RecordCheck.fault(of: $0, in: table, verifier) != nil }
                if !damaged.isEmpty { try moveAside(damaged, of: table, at: now) }
                report.quarantined[table.name, default: 0] += damaged.count
                guard batch.count == Archive.recordsPerStep, let last = batch.last else { break }
                after = last.key
                progress(table.name, batch.count)
            }
        }
        report.quarantined = report.quarantined.filter { $0.value > 0 }
        report.countsRestored = try recount()
        try rebuildIndex(because: "the archive is being repaired")
        while true {
            let step = try follow()
            report.indexed = max(report.indexed, step.rebuild?.done ?? report.indexed)
            progress("index", step.applied)
            if step.isCurrent { return report }
        }
    }

    private func moveAside(_ records: [RawRecord], of table: Table, at now: Instant) throws(ArchiveError) {
        try inPass(at: now, false) { (pass, transaction) throws(ArchiveError) in
            for record in records { try pass.takeOut(record, of: table, in: transaction) }
        }
    }

    /// Writes the counts anew where they are not what the tables hold.
    private func recount() throws(ArchiveError) -> Bool {
        try environment.write { (transaction) throws(ArchiveError) in
            let counted = try Archive.count(in: transaction) { _ in }
            guard try transaction.view.counts() != counted else { return false }
            var encoder = RecordEncoder()
            encoder.encode(counted)
            try transaction.put(.meta, &encoder)
            return true
        }
    }
}
