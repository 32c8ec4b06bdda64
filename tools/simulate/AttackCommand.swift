import ArgumentParser
import Simulation

/// Lets adversaries loose on an overlay.
struct AttackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Lets adversaries loose on an overlay of nodes of ours, and tells what came of it.",
        discussion: """
            Without a name all attacks are run. The exit status is 1 where a bound did not hold that is not known not to, \
            and where one that is known not to held in all worlds.

            \(Attack.all.map { "\($0.name): \($0.summary)" }.joined(separator: "\n"))
            """)

    @Argument(help: "The attack.") var name: String?
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "How many seeds.") var seeds = 1
    @Option(help: "A defence to switch off: \(Defence.allCases.map(\.rawValue).joined(separator: ", ")).")
    var without: String?
    @Flag(help: "Switch off the defence that each attack relies on; the exit status is 1 where it fails all the same.")
    var sabotaged = false

    func validate() throws {
        try refuse("--seeds", of: seeds, below: 1)
        guard !attacks.isEmpty else {
            throw ValidationError(
                "There is no attack '\(name ?? "")'; there are: " + Attack.all.map(\.name).joined(separator: ", ") + "."
            )
        }
        guard without == nil || defence != nil else {
            throw ValidationError("There is no defence '\(without ?? "")'; see --help for those there are.")
        }
        guard sabotaged else { return }
        guard without == nil else {
            throw ValidationError(
                "--sabotaged switches off what each attack relies on; --without cannot say otherwise.")
        }
        guard attacks.contains(where: { $0.reliesOn != nil }) else {
            throw ValidationError("'\(name ?? "")' relies on no defence that can be switched off.")
        }
    }

    private var attacks: [Attack] { Attack.all.filter { name == nil || $0.name == name } }
    private var defence: Defence? { without.flatMap { Defence(rawValue: $0) } }

    func run() throws {
        var complaints: [String] = []
        for attack in attacks where !sabotaged || attack.reliesOn != nil {
            let defence = sabotaged ? attack.reliesOn : defence
            let clock = ContinuousClock()
            let began = clock.now
            let reports = (0..<seeds).map { attack.run(seed: seed &+ UInt64($0), without: defence) }
            let taken = clock.now - began
            print("\(attack.name): \(attack.summary)" + (defence.map { " Without \($0.rawValue)." } ?? ""))
            table(reports).forEach { print("  " + $0) }
            let failed = reports.filter { !$0.isHeld }
            print("  held in \(reports.count - failed.count) of \(reports.count) worlds, \(taken)")
            for report in (sabotaged ? reports.filter(\.isHeld) : failed).prefix(5) {
                print("  replay: \(replay(of: report, without: defence))")
            }
            if let weakness = attack.knownWeakness { print("  known: \(weakness)") }
            let complaint =
                sabotaged ? attack.complaint(aboutDefenceless: reports) : attack.complaint(about: reports)
            if let complaint { complaints.append("\(attack.name): \(complaint).") }
        }
        complaints.forEach { print($0) }
        if !complaints.isEmpty { throw ExitCode.failure }
    }

    /// The command that runs one world again with this program.
    private func replay(of report: AttackReport, without defence: Defence?) -> String {
        "\(CommandLine.arguments[0]) attack \(report.attack) --seed \(report.seed)"
            + (defence.map { " --without \($0.rawValue)" } ?? "")
    }

    /// A line for each measure: the least, the middle and the largest value over all worlds, and the bound.
    private func table(_ reports: [AttackReport]) -> [String] {
        guard let first = reports.first else { return [] }
        return first.measures.indices.map { place in
            let values = reports.map { $0.measures[place].value }.sorted()
            let held = reports.count { $0.measures[place].isHeld }
            let measure = first.measures[place]
            let numbers = [values[0], values[values.count / 2], values[values.count - 1]].map(AttackCommand.text)
            let verdict = held == reports.count ? "" : "  HELD IN \(held) OF \(reports.count)"
            return AttackCommand.padded(measure.what, 62) + AttackCommand.padded(numbers.joined(separator: " / "), 24)
                + AttackCommand.text(measure.bound) + verdict
        }
    }

    private static func text(_ bound: AttackReport.Bound) -> String {
        switch bound {
        case .atLeast(let value): "at least \(text(value))"
        case .atMost(let value): "at most \(text(value))"
        case .none: ""
        }
    }

    private static func text(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\((value * 1000).rounded() / 1000)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
