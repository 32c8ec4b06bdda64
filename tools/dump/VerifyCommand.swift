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
        abstract: "Re-read every record and check it: checksums, signatures, journal, counts, index.",
        discussion: """
            Uses all processor cores and little memory, and tells on standard error how far it is. The exit status is \
            0 where everything is sound, 1 where anything is damaged, 2 where the archive cannot be opened or read.

            For example:

              bristlecone-dump verify ./data
              bristlecone-dump verify --json /backups/bristlecone-2026-02-03
            """)

    @OptionGroup var options: DumpOptions

    @Option(help: "How many threads check signatures (default: one for each processor core).")
    var threads: Int?

    mutating func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("Write a number of threads from 1 to 256.")
        }
    }

    /// The child: writes what it finds in lines of JSON.
    mutating func run() throws {
        let reader = try options.open()
        let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let report = try reader.verify(
            threads: threads, progress: { VerifyCommand.send(.progress(WalkProgress($0))) },
            found: { VerifyCommand.send(.finding(Finding($0))) })
        VerifyCommand.send(.end(WalkEnd(report)))
    }

    private static func send(_ event: VerifyEvent) {
        if let line = try? DumpJSON.encode(event) { Output.show(line) }
    }

    /// The parent: gathers what the child writes, also where damage has ended it.
    func supervise() throws -> Int32 {
        let begun = ContinuousClock.now
        var gathered = VerifyGathering()
        let end = try Walker.run { line in
            if let event = DumpJSON.decode(VerifyEvent.self, from: line) {
                gathered.take(event, after: ContinuousClock.now - begun)
            }
        }
        gathered.endProgress()
        if case .exited(let status) = end, status != 0 { return status }
        let report = gathered.report(folder: options.folder, end, duration: ContinuousClock.now - begun)
        try options.show(report) { report.text(on: $0) }
        return report.sound ? 0 : DumpFailure.found
    }
}
