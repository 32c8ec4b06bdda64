internal import Archive
internal import Console
internal import IPv8

/// The findings of a check so far, and its progress line.
struct VerifyGathering {
    private var findings: [Finding] = []
    private var progress: VerifyProgress?
    private var end: WalkEnd?
    private var line = ProgressLine()

    mutating func take(_ event: VerifyEvent, after elapsed: Duration) {
        switch event {
        case .finding(let finding): findings.append(finding)
        case .end(let end): self.end = end
        case .progress(let progress):
            self.progress = progress
            let rate = Double(progress.checked) / (Double(elapsed.nanoseconds) / 1e9)
            line.show(
                "\(progress.table): \(progress.checked) of \(progress.total) records, \(Int(rate)) a second, "
                    + "\(findings.count) damaged")
        case .repaired: break
        }
    }

    /// Clears the progress line.
    mutating func endProgress() { line.end() }

    /// All findings, even if the child was killed.
    func report(folder: String, _ worker: Worker.End, duration: Duration) -> VerifySummary {
        var all = findings
        if case .killed(let signal) = worker {
            let table = progress?.table ?? "meta"
            all.append(
                Finding(
                    table: table, key: "",
                    fault: WorkerSignal.meaning(of: signal) == .damage
                        ? "could not be read to its end: LMDB's own pages are damaged, and reading them ended the process "
                            + "(\(WorkerSignal.name(of: signal)))"
                        : "could not be read to its end, because of a bug in this program "
                            + "(\(WorkerSignal.name(of: signal)))"))
        }
        return VerifySummary(
            folder: folder, sound: all.isEmpty && end != nil, records: progress?.checked ?? 0,
            tables: end?.tables ?? [], signatures: end?.signatures, quarantined: end?.quarantined,
            indexNotCompared: end?.indexNotCompared, pages: end?.pages, findings: all,
            seconds: end?.seconds ?? Double(duration.nanoseconds) / 1e9, bareSignatureRate: end?.bareSignatureRate)
    }
}
