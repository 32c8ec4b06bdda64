internal import CLMDB
internal import Glibc

/// The result of inspecting an archive's pages and counts.
package struct ArchiveInspection {
    /// The findings. A finding without a key is about the whole table.
    package var findings: [VerifyFinding] = []
    /// How many of LMDB's pages were looked at.
    package var pageCount = 0
    /// Whether that was all of them, and they agree.
    package var isComplete = false
    /// Records that do not match their checksums, apart from those in quarantine.
    package var damagedRecords = 0
}

extension ArchiveReader {
    /// Checks LMDB's pages and compares their records with the counts that the archive keeps. Pages have no checksums, but
    /// damaged ones contradict others; records that got lost are missing from the counts.
    ///
    /// Everything is read from one snapshot without LMDB, so that damage is a finding and does not end the process. Beside a
    /// running node the snapshot stays in use until the end.
    ///
    /// - Parameter limit: how long it may take; `nil` for as long as it does.
    package func inspect(limit: Duration?) throws(ArchiveError) -> ArchiveInspection {
        let deadline = limit.map { ContinuousClock.now + $0 }
        for _ in 0..<ArchiveReader.snapshotsMax {
            let inspection = try environment.read { (transaction) throws(ArchiveError) in
                let number = UInt64(mdb_txn_id(transaction.handle))
                return try inspect(number, deadline)
            }
            if let inspection { return inspection }
            // Two commits went by since the snapshot was taken.
            usleep(ArchiveReader.pauseBetweenSnapshots)
        }
        throw .failed(operation: "looking at a snapshot", reason: "the archive is written to too often")
    }

    private static let snapshotsMax = 50
    private static let pauseBetweenSnapshots: UInt32 = 20_000

    /// Checks the snapshot of a transaction; `nil` if no meta page names it any more.
    private func inspect(
        _ number: UInt64, _ deadline: ContinuousClock.Instant?
    ) throws(ArchiveError) -> ArchiveInspection? {
        let path = environment.info.path
        let descriptor = try environment.descriptor()
        let snapshots = try MetaPages.snapshots(of: descriptor, path: path)
        guard let snapshot = snapshots.last(where: { $0.transaction == number }) else { return nil }
        var inspection = ArchiveInspection()
        do throws(ArchiveError) {
            // Beside a node the pages of the snapshot before are in use again.
            try StructureCheck.checkTransactions(of: isInUse ? [snapshot] : snapshots, descriptor, path)
        } catch .damaged(_, let detail) {
            inspection.note(nil, detail)
        }
        var tally = ContentTally()
        let check = StructureCheck(snapshot, descriptor, path, deadline)
        let survey = try check.survey { table, key, byteCount, value in tally.take(table, key, byteCount, value) }
        for (table, detail) in survey.faults { inspection.note(table, detail) }
        inspection.pageCount = survey.pageCount
        inspection.isComplete = survey.isComplete && inspection.findings.isEmpty
        inspection.damagedRecords = tally.damagedRecords
        // Where pages are damaged, or time ran out, what was counted is less than there is.
        if survey.isComplete { inspection.findings += tally.findings() }
        return inspection
    }
}

extension ArchiveInspection {
    fileprivate mutating func note(_ table: Table?, _ detail: String) {
        let place = table.map { "of the table \($0.name) " } ?? ""
        findings.append(VerifyFinding(table: "pages", key: [], fault: "\(place)contradict each other: \(detail)"))
    }
}

/// What the records of one snapshot add up to.
private struct ContentTally {
    private var counter = RecordCounter()
    private var written: CountsRecord?
    private var hasCounts = false
    private var changes = 0
    private(set) var damagedRecords = 0

    mutating func take(
        _ table: Table, _ key: UnsafeRawBufferPointer, _ byteCount: Int, _ value: UnsafeRawBufferPointer?
    ) {
        counter.count(key, valueBytes: byteCount, in: table)
        // No record is so large that it has pages of its own, and what was moved to the quarantine is damaged anyway.
        guard let value, table != .quarantine else { return }
        if table == .journal { changes += 1 }
        let isCounts = table == .meta && key.elementsEqual(CountsRecord.key.utf8)
        hasCounts = hasCounts || isCounts
        guard let body = RecordChecksum.body(of: value, key: key, table: table) else {
            damagedRecords += 1
            return
        }
        if isCounts { written = CountsRecord(body: body) }
    }

    func findings() -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        if let written {
            findings = written.differences(from: counter.counts)
        } else {
            findings.append(
                VerifyFinding(
                    table: Table.meta.name, key: Array(CountsRecord.key.utf8),
                    fault: hasCounts ? RecordCheck.checksumFault : "is missing"))
        }
        // The last change is never deleted.
        if changes == 0, counter.counts.targets > 0 {
            findings.append(
                VerifyFinding(table: Table.journal.name, key: [], fault: "holds no change, and there are values"))
        }
        return findings
    }
}
