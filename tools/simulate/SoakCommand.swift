import ArgumentParser
import Foundation
import Simulation
import Synchronization

/// Looks for seeds that break a promise.
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Runs the whole-system scenario with one seed after the other.",
        discussion: """
            A seed that breaks a promise is printed with the command that replays it. Once a minute it is told how far the \
            run is; Ctrl-C ends it after the seed that is under way.
            """)

    @Option(help: "The first seed.") var from: UInt64 = 1
    @Option(help: "How many seeds.") var seeds: UInt64 = 1000
    @Option(help: "No new seed is begun after so many minutes.") var minutes: Int?
    @Option(help: "A file that remembers the next seed; overrides --from where it exists.") var state: String?
    @Option(help: "What the nodes do wrong on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sabotage: [String] = []
    @Flag(help: "Tell about every seed.") var verbose = false

    func validate() throws {
        try refuse("--seeds", of: seeds, below: 1)
        if let minutes { try refuse("--minutes", of: minutes, outside: 1...10_000_000) }
    }

    func run() throws {
        var plan = WholeSystem.Plan()
        for name in sabotage {
            guard let kind = Sabotage(rawValue: name) else {
                throw ValidationError("There is no sabotage named '\(name)'; see --help for those there are.")
            }
            plan.sabotage.insert(kind)
        }
        let clock = ContinuousClock()
        let began = clock.now
        var total = SoakTotal()
        var told = began
        var seed = try nextSeed() ?? from
        Interruption.watch()
        while UInt64(total.seeds) < seeds, !Interruption.isWanted {
            if let minutes, clock.now - began >= .seconds(minutes * 60) { break }
            let report = WholeSystem(seed: seed, plan: plan).run()
            total.add(report)
            if verbose || !report.violations.isEmpty { print(line(about: report)) }
            for violation in report.violations.prefix(5) { print("    \(violation)") }
            seed &+= 1
            if let state { try Data("\(seed)\n".utf8).write(to: URL(filePath: state), options: .atomic) }
            if clock.now - told >= .seconds(60) {
                told = clock.now
                print(total.progress(after: told - began))
            }
        }
        print(total.summary(after: clock.now - began))
        if total.failedSeeds > 0 { throw ExitCode.failure }
    }

    private func nextSeed() throws -> UInt64? {
        guard let state, let text = try? String(contentsOfFile: state, encoding: .utf8) else { return nil }
        guard let seed = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw ValidationError("\(state) holds no seed; remove it to begin with that of --from.")
        }
        return seed
    }

    private func line(about report: WholeSystem.Report) -> String {
        let replay =
            "tools/soak --from \(report.seed) --seeds 1" + sabotage.map { " --sabotage \($0)" }.joined()
        let verdict =
            report.violations.isEmpty ? "ok" : "\(report.violations.count) VIOLATIONS; replay: \(replay)"
        return "seed \(report.seed): \(report.crashes) crashes, \(report.acknowledged) acknowledged, "
            + "\(report.found) of \(report.lookedUp) lookups found something, \(report.datagrams) datagrams: \(verdict)"
    }
}

/// Whether the user wants to stop: the first request ends the run after the present seed, the second one immediately.
private enum Interruption {
    private static let wanted = Atomic(false)

    static func watch() {
        // A handler can read what has been begun, but not begin it.
        wanted.store(false, ordering: .relaxed)
        signal(SIGINT) { _ in
            Interruption.wanted.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
    }

    static var isWanted: Bool { wanted.load(ordering: .relaxed) }
}

/// The results of many runs.
private struct SoakTotal {
    var seeds = 0
    var failedSeeds = 0
    private var sum = WholeSystem.Report(seed: 0)

    mutating func add(_ report: WholeSystem.Report) {
        seeds += 1
        if !report.violations.isEmpty { failedSeeds += 1 }
        sum.crashes += report.crashes
        sum.crashesInCommit += report.crashesInCommit
        sum.acknowledged += report.acknowledged
        sum.looks += report.looks
        sum.served += report.served
        sum.lifetimeLooks += report.lifetimeLooks
        sum.withdrawnLooks += report.withdrawnLooks
        sum.sweeps += report.sweeps
        sum.retired += report.retired
        sum.deleted += report.deleted
        sum.pins += report.pins
        sum.withdrawals += report.withdrawals
        sum.contacts += report.contacts
        sum.mostAsked = max(sum.mostAsked, report.mostAsked)
        sum.found += report.found
        sum.lookedUp += report.lookedUp
        sum.datagrams += report.datagrams
    }

    func progress(after duration: Duration) -> String {
        "\(seeds) seeds in \(text(duration)): \(sum.crashes) crashes, \(sum.acknowledged) values acknowledged, "
            + "\(failedSeeds) seeds with a violation"
    }

    private func text(_ duration: Duration) -> String {
        duration.formatted(.units(allowed: [.hours, .minutes, .seconds], width: .abbreviated))
    }

    func summary(after duration: Duration) -> String {
        """
        \(seeds) seeds in \(text(duration))
        \(sum.crashes) crashes, \(sum.crashesInCommit) of them in the middle of a commit
        \(sum.acknowledged) values acknowledged, looked at \(sum.looks) times after crashes and sweeps and at the end
        \(sum.sweeps) sweeps: \(sum.retired) values left the serving window, \(sum.deleted) the archive
        \(sum.served) values served; \(sum.lifetimeLooks) looks at those whose publishers were gone, \
        \(sum.withdrawnLooks) at withdrawn ones
        \(sum.pins) keys pinned, \(sum.withdrawals) values withdrawn
        \(sum.contacts) contacts looked at; one node asked another \(sum.mostAsked) times in 5 s at most
        \(sum.datagrams) datagrams
        \(sum.found) of \(sum.lookedUp) lookups found something
        \(failedSeeds) seeds with a violation
        """
    }
}
