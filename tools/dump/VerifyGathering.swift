internal import Console
internal import IPv8

/// What a walk has told so far, and how it is shown meanwhile.
struct VerifyGathering {
    private var findings: [Finding] = []
    private var progress: WalkProgress?
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

    /// Leaves an empty line where progress was.
    mutating func endProgress() { line.end() }

    /// All of it, also where the walk was killed on its way.
    func report(folder: String, _ walker: Walker.End, duration: Duration) -> VerifySummary {
        var all = findings
        if case .killed(let signal) = walker {
            let table = progress?.table ?? "meta"
            all.append(
                Finding(
                    table: table, key: "",
                    fault: WalkerSignal.meaning(of: signal) == .damage
                        ? "could not be read to its end: LMDB's own pages are damaged, and reading them ended the process "
                            + "(\(WalkerSignal.name(of: signal)))"
                        : "could not be read to its end, because of a bug in this program "
                            + "(\(WalkerSignal.name(of: signal)))"))
        }
        return VerifySummary(
            folder: folder, sound: all.isEmpty && end != nil, records: progress?.checked ?? 0,
            tables: end?.tables ?? [], signatures: end?.signatures, quarantined: end?.quarantined,
            indexNotCompared: end?.indexNotCompared, pages: end?.pages, findings: all,
            seconds: end?.seconds ?? Double(duration.nanoseconds) / 1e9, bareSignatureRate: end?.bareSignatureRate)
    }
}
