internal import Archive
internal import IPv8
internal import Platform
internal import Synchronization

/// The result of checking a node's whole archive.
package struct ArchiveCheckReport: Sendable, Equatable, Codable {
    /// Whether nothing is wrong.
    package var sound: Bool
    /// Records that were checked.
    package var records: Int
    /// Signatures that were checked among them.
    package var signatures: Int
    /// Damaged records that are in quarantine already.
    package var quarantined: Int
    /// LMDB's pages that were looked over.
    package var pages: Int
    /// How many things are wrong.
    package var findingCount: Int
    /// The first of these.
    package var findings: [Finding]
    /// Why the index was not compared with the archive; `nil` if it was.
    package var indexNotCompared: String?
    package var duration: Duration

    private enum CodingKeys: String, CodingKey {
        case sound, records, signatures, quarantined, pages, findingCount, findings, indexNotCompared
        case duration = "seconds"
    }

    /// Something that is wrong.
    package struct Finding: Sendable, Equatable, Codable {
        package var table: String
        /// The key of the record, in hexadecimal digits; empty if it is about the whole table.
        package var key: String
        /// The end of a sentence that begins with the record.
        package var fault: String
    }

    /// No report has more findings.
    static let findingsMax = 1000
}

/// What the node's scrub does.
package struct ScrubReport: Sendable, Equatable, Codable {
    /// How many records it reads in a second; 0 if it is off.
    package var recordsPerSecond: Int
    /// How far it is; `nil` before its first step.
    package var progress: NodeStatus.Scrub?
}

extension BristleconeNode {
    /// How far the scrub is.
    package var scrub: ScrubReport {
        ScrubReport(recordsPerSecond: threads.scrubber.recordsPerSecond, progress: threads.scrubber.status)
    }

    /// Checks LMDB's pages, every record, and the index, beside everything else. One check runs at a time.
    ///
    /// Damaged pages can end a process that reads them through LMDB. So the pages are looked at first, and if they contradict
    /// each other, nothing else is.
    ///
    /// - Parameter progress: is told how many records have been checked, of how many.
    package func verify(
        progress: @escaping @Sendable (_ table: String, _ checked: Int, _ total: Int) -> Void
    ) async throws(NodeError) -> ArchiveCheckReport {
        let isCancelled = CancellationFlag()
        let result = await withTaskCancellationHandler {
            await threads.verifier.run { [archive, verifier = threads.verifier] in
                Result { () throws(ArchiveError) in
                    try ArchiveCheckReport(
                        of: archive, unless: { isCancelled.isSet || verifier.isStopping }, progress: progress)
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        switch result {
        case .success(let report)?: return report
        case .failure(.copyStopped)? where isCancelled.isSet: throw NodeError(.cancelled, "The check was cancelled.")
        case .failure(.copyStopped)?, nil: throw NodeError.notRunning
        case .failure(let error)?: throw NodeError(error)
        }
    }
}

extension ArchiveCheckReport {
    fileprivate init(
        of archive: Archive, unless isStopped: () -> Bool, progress: (String, Int, Int) -> Void
    ) throws(ArchiveError) {
        let begun = ContinuousClock.now
        let reader = try ArchiveReader(of: archive)
        let inspection = try reader.inspect(limit: nil)
        self.init(
            sound: false, records: 0, signatures: 0, quarantined: 0, pages: inspection.pageCount, findingCount: 0,
            findings: [], indexNotCompared: nil, duration: .zero)
        guard inspection.isComplete else {
            for finding in inspection.findings { take(finding) }
            duration = ContinuousClock.now - begun
            return
        }
        var findings: [VerifyFinding] = []
        let report = try reader.verify(
            threads: 1, unless: isStopped, progress: { progress($0.table, $0.checked, $0.total) },
            found: { if findings.count < ArchiveCheckReport.findingsMax { findings.append($0) } })
        for finding in findings { take(finding) }
        sound = report.findings == 0
        records = report.tables.reduce(0) { $0 + $1.records }
        (signatures, quarantined, findingCount) = (report.signatures, report.quarantined, report.findings)
        indexNotCompared = report.indexNotComparedBecause
        duration = ContinuousClock.now - begun
    }

    private mutating func take(_ finding: VerifyFinding) {
        findingCount += 1
        guard findings.count < ArchiveCheckReport.findingsMax else { return }
        findings.append(Finding(table: finding.table, key: Hex.encode(finding.key), fault: finding.fault))
    }
}
