/// What an adversary attempts on an overlay of nodes of ours, and how it is measured what came of it.
package struct Attack: Sendable {
    /// What it is called on the command line.
    package let name: String
    /// What the adversary does.
    package let summary: String
    /// The defence without which it succeeds, where one can be switched off.
    package let reliesOn: Defence?
    /// Why a bound does not hold, where that is known.
    package let knownWeakness: String?
    private let attempt: @Sendable (UInt64, Defence?) -> [AttackReport.Measure]

    init(
        _ name: String, _ summary: String, reliesOn: Defence? = nil, knownWeakness: String? = nil,
        attempt: @escaping @Sendable (UInt64, Defence?) -> [AttackReport.Measure]
    ) {
        self.name = name
        self.summary = summary
        self.reliesOn = reliesOn
        self.knownWeakness = knownWeakness
        self.attempt = attempt
    }

    /// Runs it: the same seed, the same report.
    ///
    /// - Parameter defence: what the nodes are to do without.
    package func run(seed: UInt64, without defence: Defence? = nil) -> AttackReport {
        AttackReport(attack: name, seed: seed, measures: attempt(seed, defence))
    }

    /// The attack with a name.
    package static func named(_ name: String) -> Attack? { all.first { $0.name == name } }

    /// All attacks.
    package static let all = floods + sybils + forgeries + versions + poisons + tokens + slowness + evictions
}
