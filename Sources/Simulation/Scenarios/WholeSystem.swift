internal import DHTCore
internal import IPv8

/// The scenario that has a little of everything: nodes behind NATs and poor lines, with slow, full and failing disks and
/// wrong clocks, which lose their power at the worst moments and come back; users who publish, replace and look up
/// meanwhile; and every checker watching.
///
/// An hour of the overlay takes three minutes or less, so that values expire, are stored again and die within one run.
package final class WholeSystem {
    /// What makes a run.
    package struct Plan: Sendable {
        /// How many nodes.
        package var nodes = 14
        /// How long it goes on, of which the last minute is quiet.
        package var length: Duration = .seconds(600)
        /// How many hours of the overlay fit into one.
        package var hastening = 20
        /// How many times a machine loses its power.
        package var crashes = 12
        /// How many publications and searches there are in a minute.
        package var publications = 20
        package var searches = 30
        /// What the nodes do wrong on purpose.
        package var sabotage: Set<Sabotage> = []

        /// The usual one.
        package init() {}
    }

    /// What came of a run.
    package struct Report: Sendable {
        /// The seed that makes it again.
        package let seed: UInt64
        /// What was broken; nothing where all is well.
        package var violations: [Violation] = []
        /// How many crashes there were, and how many of them in the middle of a commit.
        package var crashes = 0
        package var crashesInCommit = 0
        /// How many values were acknowledged, looked at after crashes, and served.
        package var acknowledged = 0
        package var looks = 0
        package var served = 0
        /// How many searches found what they ought to, of all.
        package var found = 0
        package var searched = 0
        /// How many datagrams were delivered.
        package var datagrams = 0

        /// A report of nothing yet.
        package init(seed: UInt64) { self.seed = seed }
    }

    let world: World
    let plan: Plan
    var report: Report
    let durability = DurabilityChecker()
    let serving: ServingChecker
    let lifetime: LifetimeChecker
    let limits = LimitChecker()
    let table = TableChecker()
    /// The latest entry of each author.
    var authors: [Author] = []
    var searches: [CommandID: Target] = [:]
    /// The machines that have gone for good.
    var gone: Set<MachineIndex> = []

    /// Somebody who publishes under a key of their own, through one machine.
    struct Author {
        let identity: Identity?
        let target: Target
        let machine: Machine
        var version: UInt32
        var publishedCount = 0
    }

    /// A run that has not begun.
    package init(seed: UInt64, plan: Plan = Plan()) {
        self.plan = plan
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.timing = .hastened(by: plan.hastening)
        settings.checkTime = .microseconds(100)
        settings.readTime = .microseconds(20)
        world = World(seed: seed, settings: settings)
        report = Report(seed: seed)
        serving = ServingChecker(servedFor: settings.timing.servedFor)
        lifetime = LifetimeChecker(timing: settings.timing)
        world.observers = checkers
    }

    /// In every other run all clocks are right but for their drift, so that it shows that nothing lives for too long.
    var hasWrongClocks: Bool { world.seed % 2 == 0 }

    var checkers: [any Checker] {
        [durability, serving, limits, table] + (hasWrongClocks ? [] : [lifetime])
    }

    /// Runs it to its end.
    package func run() -> Report {
        build()
        planCrashes()
        planUsers()
        planWeather()
        let minutes = Int(plan.length / .seconds(60))
        for _ in 0..<max(1, minutes) {
            world.run(for: .seconds(60))
            for checker in checkers { checker.inspect(world) }
        }
        return conclude()
    }

    private func conclude() -> Report {
        report.violations = checkers.flatMap(\.violations)
        report.acknowledged = durability.acknowledgedCount
        report.looks = durability.lookCount
        report.served = serving.servedCount
        report.datagrams = world.deliveredCount
        report.searched = searches.count
        report.found = searches.keys.count { id in
            if case .found(let outcome)? = world.outcomes[id] { !outcome.entries.isEmpty } else { false }
        }
        return report
    }

    // MARK: The world

    private func build() {
        world.network.conditions = NetworkConditions(
            delay: .milliseconds(5)...Duration.milliseconds(Int.random(in: 20...200, using: &world.generator)),
            loss: world.generator.fraction() * 0.08, duplication: world.generator.fraction() * 0.03,
            heldUp: (world.generator.fraction() * 0.02, .seconds(3)))
        world.diskConditions.stalls = world.generator.fraction() * 0.05
        for number in 0..<plan.nodes { addMachine(number) }
        world.run(for: .seconds(20))
        for number in 0..<plan.nodes {
            let isSigned = number % 3 != 0
            authors.append(
                Author(
                    identity: isSigned ? Identity(number: world.seed << 16 + UInt64(number), .modelled) : nil,
                    target: Target(hashing: "\(world.seed) \(number / 2)"), machine: world.machines[number],
                    version: UInt32(clamping: world.now.seconds)))
        }
    }

    private func addMachine(_ number: Int) {
        let kinds = NATKind.allCases
        let isBehindNAT = number > 3 && number % 3 == 0
        let nat = isBehindNAT ? kinds[Int.random(in: 1..<kinds.count, using: &world.generator)] : .none
        let outside = World.publicAddress(number)
        let inside = Address(host: .v4(0xC0A8_0100 + UInt32(number)), port: 8090)
        let machine =
            isBehindNAT
            ? world.addMachine(at: inside, behind: nat, outsideHost: outside.host) : world.addMachine(at: outside)
        machine.clock = MachineClock(
            bootedAt: world.now, drift: (world.generator.fraction() - 0.5) * 0.0004,
            wallError: hasWrongClocks && number % 7 == 6
                ? .seconds(Int.random(in: -7200...7200, using: &world.generator)) : .zero)
        var settings = world.settings
        settings.sabotage = plan.sabotage
        world.startNode(
            Identity(number: world.seed << 16 + UInt64(number) + 1000, .modelled), on: machine,
            storage: ModelArchive(timing: settings.timing, sabotage: settings.sabotage),
            peers: number == 0 ? [] : [World.publicAddress(0), World.publicAddress(1)], settings: settings)
    }
}
