internal import Archive
internal import ArgumentParser
internal import Console
internal import FoundationEssentials
internal import Glibc
internal import IPv8

/// `bristlecone-dump verify`
struct VerifyCommand: GuardedCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every record: checksums, signatures, journal, counts and index.",
        discussion: """
            Checks LMDB's pages and compares their contents with the archive's own counts. Then it checks every record \
            and every signature, including earlier versions and evidence, recomputes the accounts, and compares the \
            index with the archive. It uses all processor cores and little memory, and reports progress on standard \
            error. The exit status is 0 if everything is sound, 1 if anything is damaged or missing, and 2 if the \
            archive cannot be opened or read. Beside a running node, LMDB cannot reuse the pages of this state until \
            they have been checked.

            --repair needs a stopped node and asks first. It moves damaged records to the quarantine unchanged, and \
            rebuilds everything that can be derived: publications of values that were published here, accounts, counts \
            and the index. The journal then starts after its last damaged change. Finally it verifies everything \
            again. It deletes no value. Other nodes send the node its missing values when they republish them.

            For example:

              bristlecone-dump verify ./data
              bristlecone-dump verify --json /backups/bristlecone-2026-02-03
              bristlecone-dump verify --repair ./data
            """)

    @OptionGroup var options: DumpOptions

    @Option(help: "The number of threads that check signatures (default: one per processor core).")
    var threads: Int?

    @Flag(help: "Move damaged records to the quarantine and rebuild the index. The node must be stopped.")
    var repair = false

    @Flag(help: "Do not ask for confirmation.")
    var yes = false

    mutating func validate() throws {
        if yes, !repair { throw ValidationError("--yes confirms --repair: give both, or neither.") }
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads must be from 1 to 256.")
        }
    }

    /// The child process: writes its findings as lines of JSON.
    mutating func run() throws {
        if Worker.step == Repair.step {
            VerifyCommand.send(.repaired(try Repair.run(options.folder)))
            return
        }
        let reader = try ArchiveReader.open(folder: options.folder)
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let report = try reader.verify(
            threads: threads, progress: { VerifyCommand.send(.progress($0)) },
            found: { VerifyCommand.send(.finding(Finding($0))) })
        VerifyCommand.send(.end(WalkEnd(report)))
    }

    private static func send(_ event: VerifyEvent) {
        if let line = try? JSONText.encode(event) { Output.show(line) }
    }

    /// The parent process: collects the child's lines, even if damage ended the child.
    func supervise() throws -> Int32 {
        if repair { try Repair.requireStopped(options.folder) }
        let report: VerifySummary
        switch try verified() {
        case .failed(let status): return status
        case .done(let summary): report = summary
        }
        guard repair, !report.sound || report.indexNotCompared != nil else {
            try options.show(report) { report.text(on: $0) }
            return report.sound ? 0 : DumpFailure.found
        }
        if !options.json { try options.show(report) { report.text(on: $0) } }
        if let refusal = Repair.refusal(report) {
            throw DumpFailure(message: refusal, status: DumpFailure.found)
        }
        guard try yes || Repair.isConfirmed(report) else {
            throw DumpFailure(message: "Nothing was repaired.", status: DumpFailure.found)
        }
        return try mend(report)
    }

    private enum Verified {
        case failed(Int32)
        case done(VerifySummary)
    }

    private func verified() throws -> Verified {
        let begun = ContinuousClock.now
        var gathered = VerifyGathering()
        let end = try Worker.run { line in
            if let event = try? JSONText.decode(VerifyEvent.self, from: line.utf8) {
                gathered.take(event, after: ContinuousClock.now - begun)
            }
        }
        gathered.endProgress()
        switch end {
        case .exited(0): break
        case .exited(let status): return .failed(status)
        case .killed(let signal):
            // An incomplete check says nothing about the archive, unless damage ended it.
            guard WorkerSignal.meaning(of: signal) != .ended else {
                throw DumpFailure(message: WorkerSignal.message(signal), status: DumpFailure.cannotRead)
            }
        }
        return .done(gathered.report(folder: options.folder, end, duration: ContinuousClock.now - begun))
    }

    /// Repairs in a child, and verifies once more.
    private func mend(_ before: VerifySummary) throws -> Int32 {
        var repaired: RepairReport?
        let end = try Worker.run(step: Repair.step) { line in
            if case .repaired(let summary)? = try? JSONText.decode(VerifyEvent.self, from: line.utf8) {
                repaired = summary
            }
        }
        switch end {
        case .exited(0): break
        case .exited(let status): return status
        case .killed(let signal):
            throw DumpFailure(message: WorkerSignal.message(signal), status: DumpFailure.cannotRead)
        }
        guard let repaired else {
            throw DumpFailure(message: "The repair ended without a report: repeat it.", status: DumpFailure.cannotRead)
        }
        if !options.json { try options.show(repaired) { _ in repaired.text } }
        switch try verified() {
        case .failed(let status): return status
        case .done(let after):
            try options.show(RepairedSummary(before: before, repaired: repaired, after: after)) { after.text(on: $0) }
            return after.sound ? 0 : DumpFailure.found
        }
    }
}
