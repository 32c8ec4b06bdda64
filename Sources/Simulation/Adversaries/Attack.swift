/// What an adversary attempts on an overlay of nodes of ours, and how it is measured what came of it.
package struct Attack: Sendable {
    /// What it is called on the command line.
    package let name: String
    /// What the adversary does.
    package let summary: String
    /// The defence that it runs into, and succeeds without; `nil` if none can be switched off.
    package let reliesOn: Defence?
    /// Why a bound does not hold, where that is known.
    package let knownWeakness: String?
    private let overlay: Overlay
    private let attempt: @Sendable (Siege) -> [AttackReport.Measure]

    /// The honest nodes that are there when it begins.
    struct Overlay: Sendable {
        /// How many they are.
        var count = 24
        /// How long they have to come to rest.
        var settle: Duration = .seconds(40)
        /// What is set otherwise.
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

    /// Runs it: the same seed, the same report.
    ///
    /// - Parameter defence: what the nodes are to do without.
    package func run(seed: UInt64, without defence: Defence? = nil) -> AttackReport {
        let siege = Siege(of: overlay, seed: seed, without: defence)
        defer { siege.end() }
        return AttackReport(attack: name, seed: seed, measures: attempt(siege))
    }

    /// What is not as expected about what this attack came to; `nil` if everything is.
    package func complaint(about reports: [AttackReport]) -> String? {
        let failed = reports.count { !$0.isHeld }
        guard knownWeakness == nil else {
            return failed == 0 ? "a bound that is known not to hold does, in all worlds" : nil
        }
        return failed == 0 ? nil : "a bound did not hold in \(failed) of \(reports.count) worlds"
    }

    /// The same for nodes without the defence that it relies on: there it has to succeed.
    package func complaint(aboutDefenceless reports: [AttackReport]) -> String? {
        let held = reports.count(where: \.isHeld)
        return held == 0 ? nil : "every bound held in \(held) of \(reports.count) worlds, so nothing shows the defence"
    }

    package static func named(_ name: String) -> Attack? { all.first { $0.name == name } }

    package static let all =
        floods + strangers + sybils + forgeries + versions + poisons + tokens + slowness + evictions
}

/// A defence that an attack can be run without, to see that it is what holds.
package enum Defence: String, Sendable, CaseIterable {
    /// Signatures are checked.
    case signatures
    /// Only who has answered becomes a contact.
    case ownAnswers = "own-answers"
    /// Lower versions are not taken.
    case floors
    /// The numbers of pings have 32 bits.
    case wideNumbers = "wide-numbers"
    /// What is for contacts does not wait behind what is for strangers.
    case lanes
    /// No network has more than its share of a table; without it the adversary's networks are of those that are exempt.
    case prefixLimits = "prefix-limits"
}
