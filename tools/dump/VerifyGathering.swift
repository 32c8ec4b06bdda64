internal import Console
internal import Glibc
internal import IPv8

/// What a walk has told so far, and how it is shown meanwhile.
struct VerifyGathering {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var findings: [Finding] = []
    private var progress: WalkProgress?
    private var end: WalkEnd?
    private var nextShown: Duration = .seconds(1)
    private var hasShown = false

    mutating func take(_ event: VerifyEvent, after elapsed: Duration) {
        switch event {
        case .finding(let finding): findings.append(finding)
        case .end(let end): self.end = end
        case .progress(let progress):
            self.progress = progress
            guard elapsed >= nextShown else { return }
            nextShown = elapsed + (isTerminal ? .seconds(1) : .seconds(30))
            show(progress, elapsed)
        }
    }

    private mutating func show(_ progress: WalkProgress, _ elapsed: Duration) {
        let rate = Double(progress.checked) / (Double(elapsed.nanoseconds) / 1e9)
        let text =
            "\(progress.table): \(progress.checked) of \(progress.total) records, \(Int(rate)) a second, "
            + "\(findings.count) damaged"
        hasShown = true
        isTerminal ? Output.rewrite(text) : Output.complain(text)
    }

    /// Leaves an empty line where progress was.
    mutating func endProgress() {
        if hasShown, isTerminal { Output.rewrite("") }
        hasShown = false
    }

    /// All of it, also where the walk was killed on its way.
    func report(folder: String, _ walker: Walker.End, duration: Duration) -> VerifySummary {
        var all = findings
        if case .killed(let signal) = walker {
            let table = progress?.table ?? "meta"
            all.append(
                Finding(
                    table: table, key: "",
                    fault: "could not be read to its end: LMDB's own pages are damaged, and reading them ended the "
                        + "walk (\(Walker.name(of: signal)))"))
        }
        return VerifySummary(
            folder: folder, sound: all.isEmpty && end != nil, records: progress?.checked ?? 0,
            tables: end?.tables ?? [], signatures: end?.signatures, quarantined: end?.quarantined,
            indexNotCompared: end?.indexNotCompared, findings: all, seconds: Double(duration.nanoseconds) / 1e9)
    }
}
