/// An attack on an overlay of our nodes, and the measures of its success.
package struct Attack: Sendable {
    /// The name on the command line.
    package let name: String
    /// What the adversary does.
    package let summary: String
    /// The defence that stops it, and without which it succeeds; `nil` if it cannot be switched off.
    package let reliesOn: Defence?
    /// Why a bound is known to break.
    package let knownWeakness: String?
    private let overlay: Overlay
    private let attempt: @Sendable (Siege) -> [AttackReport.Measure]

    /// The overlay of honest nodes before the attack.
    struct Overlay: Sendable {
        /// The number of nodes.
        var count = 24
        /// The time until the overlay is at rest.
        var settle: Duration = .seconds(40)
        /// Changes to the usual settings.
        var adjust: @Sendable (inout NodeSettings) -> Void = { _ in }
    }

    init(
        _ name: String, _ summary: String, reliesOn: Defence? = nil, knownWeakness: String? = nil,
        on overlay: Overlay = Overlay(), attempt: @escaping @Sendable (Siege) -> [AttackReport.Measure]
    ) {
        self.name = name
        self.summary = summary
        self.reliesOn = reliesOn
        self.knownWeakness = knownWeakness
        self.overlay = overlay
        self.attempt = attempt
    }

    /// Runs the attack. The same seed gives the same report.
    ///
    /// - Parameter defence: the defence that the nodes do without.
    package func run(seed: UInt64, without defence: Defence? = nil) -> AttackReport {
        let siege = Siege(of: overlay, seed: seed, without: defence)
        defer { siege.end() }
        return AttackReport(attack: name, seed: seed, measures: attempt(siege))
    }

    /// What is unexpected about a report; `nil` if nothing is.
    package func complaint(about reports: [AttackReport]) -> String? {
        let failed = reports.count { !$0.isHeld }
        guard knownWeakness == nil else {
            return failed == 0 ? "a bound that is known not to hold does, in all worlds" : nil
        }
        return failed == 0 ? nil : "a bound did not hold in \(failed) of \(reports.count) worlds"
    }

    /// The same for nodes without the defence, where the attack has to succeed.
    package func complaint(aboutDefenceless reports: [AttackReport]) -> String? {
        let held = reports.count(where: \.isHeld)
        return held == 0 ? nil : "every bound held in \(held) of \(reports.count) worlds, so nothing shows the defence"
    }

    package static func named(_ name: String) -> Attack? { all.first { $0.name == name } }

    package static let all =
        floods + strangers + sybils + forgeries + versions + poisons + tokens + slowness + evictions
}

/// A defence that can be switched off, to show that an attack fails because of it.
package enum Defence: String, Sendable, CaseIterable {
    /// Signatures are checked.
    case signatures
    /// Only nodes that have answered become contacts.
    case ownAnswers = "own-answers"
    /// Lower versions are refused.
    case floors
    /// Pings have 32-bit numbers.
    case wideNumbers = "wide-numbers"
    /// Work for contacts does not wait behind work for strangers.
    case lanes
    /// No network has more than its share of a table. Without this, the adversary's networks are exempt.
    case prefixLimits = "prefix-limits"
}
