import ArgumentParser
import Foundation
import Simulation

/// Looks for seeds that break a promise.
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Runs the whole-system scenario with one seed after the other.",
        discussion: "A seed that breaks a promise is printed with the command that replays it.")

    @Option(help: "The first seed.") var from: UInt64 = 1
    @Option(help: "How many seeds.") var seeds: UInt64 = 1000
    @Option(help: "No new seed is begun after so many minutes.") var minutes: Int?
    @Option(help: "A file that remembers the next seed; overrides --from where it exists.") var state: String?
    @Option(help: "What the nodes do wrong on purpose: \(Sabotage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sabotage: [String] = []
    @Flag(help: "Tell about every seed.") var verbose = false

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
        let first = nextSeed ?? from
        for seed in first..<first + seeds {
            if let minutes, clock.now - began >= .seconds(minutes * 60) { break }
            let report = WholeSystem(seed: seed, plan: plan).run()
            total.add(report)
            if verbose || !report.violations.isEmpty { print(line(about: report)) }
            for violation in report.violations.prefix(5) { print("    \(violation)") }
            if let state { try Data("\(seed + 1)\n".utf8).write(to: URL(filePath: state), options: .atomic) }
        }
        print(total.summary(after: clock.now - began))
        if total.failedSeeds > 0 { throw ExitCode.failure }
    }

    private var nextSeed: UInt64? {
        guard let state, let text = try? String(contentsOfFile: state, encoding: .utf8) else { return nil }
        return UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private func line(about report: WholeSystem.Report) -> String {
        let verdict =
            report.violations.isEmpty
            ? "ok" : "\(report.violations.count) VIOLATIONS; replay: tools/soak --from \(report.seed) --seeds 1"
        return "seed \(report.seed): \(report.crashes) crashes, \(report.acknowledged) acknowledged, "
            + "\(report.found) of \(report.searched) searches found something, \(report.datagrams) datagrams: \(verdict)"
    }
}

/// What many runs came to.
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
        sum.found += report.found
        sum.searched += report.searched
        sum.datagrams += report.datagrams
    }

    func summary(after duration: Duration) -> String {
        """
        \(seeds) seeds in \(duration.formatted(.units(allowed: [.hours, .minutes, .seconds], width: .abbreviated)))
        \(sum.crashes) crashes, \(sum.crashesInCommit) of them in the middle of a commit
        \(sum.acknowledged) values acknowledged, looked at \(sum.looks) times after crashes and at the end
        \(sum.served) values served, \(sum.datagrams) datagrams
        \(sum.found) of \(sum.searched) searches found something
        \(failedSeeds) seeds with a violation
        """
    }
}
