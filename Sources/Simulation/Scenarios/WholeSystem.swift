internal import DHTCore
internal import IPv8

/// The scenario that has a little of everything: nodes behind NATs and poor lines, with slow, full and failing disks and
/// wrong clocks, which lose their power at the worst moments and come back; users who publish, replace and look up
/// meanwhile, pin keys and withdraw what they published; and every checker watching.
///
/// An hour of the overlay takes three minutes or less, and what has expired is kept for minutes rather than a week: so
/// values expire, are stored again, leave the serving window and come back, and are let go of within one run.
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
        /// How many keys are pinned, and how many authors withdraw what they published last and publish no more.
        package var pins = 2
        package var withdrawals = 3
        /// What the nodes do wrong on purpose.
        package var sabotage: Set<Sabotage> = []

        /// The usual one.
        package init() {}
    }

    /// What came of a run.
    package struct Report: Sendable {
        /// The seed that makes it again.
        package let seed: UInt64
        /// What was broken; nothing if all is well.
        package var violations: [Violation] = []
        /// How many crashes there were, and how many of them in the middle of a commit.
        package var crashes = 0
        package var crashesInCommit = 0
        /// How many values were acknowledged, looked at after crashes, and served.
        package var acknowledged = 0
        package var looks = 0
        package var served = 0
        /// How many looks there were at values that were served after their publishers were gone, or had withdrawn them.
        package var lifetimeLooks = 0
        package var withdrawnLooks = 0
        /// How many sweeps there were, and how many values left the serving window and the archive in them.
        package var sweeps = 0
        package var retired = 0
        package var deleted = 0
        /// How many pins and withdrawals users were told of.
        package var pins = 0
        package var withdrawals = 0
        /// How many contacts were looked at, and the most that one node asked another in five seconds.
        package var contacts = 0
        package var mostAsked = 0
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
    let durability: DurabilityChecker
    let serving: ServingChecker
    let lifetime: LifetimeChecker
    let limits = LimitChecker()
    let table = TableChecker()
    /// The latest entry of each author.
    var authors: [Author] = []
    var searches: Set<CommandID> = []
    let changes = ChangeCounter()
    /// The machines that have gone for good.
    var gone: Set<MachineIndex> = []

    /// Somebody who publishes under a key of their own, through one machine.
    struct Author {
        let identity: Identity?
        let target: Target
        let machine: Machine
        var version: UInt32
        var publishedCount = 0
        /// What they published last.
        var latest: (id: CommandID, entry: Entry)?
        /// Whether they publish no more.
        var isDone = false
    }

    /// A run that has not begun.
    package init(seed: UInt64, plan: Plan = Plan()) {
        self.plan = plan
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.timing = .hastened(by: plan.hastening)
        settings.timing.graceAfterExpiry = settings.timing.servedFor / 4
        settings.timing.retainedFor = settings.timing.servedFor / 2
        settings.clockHastening = plan.hastening
        settings.checkTime = .microseconds(100)
        settings.readTime = .microseconds(20)
        world = World(seed: seed, settings: settings)
        report = Report(seed: seed)
        durability = DurabilityChecker(retainedFor: settings.timing.retainedFor)
        serving = ServingChecker(servedFor: settings.timing.servedFor)
        lifetime = LifetimeChecker(timing: settings.timing)
        world.observers = checkers + [changes]
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
        planOperators()
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
        report.lifetimeLooks = lifetime.lookCount
        report.withdrawnLooks = lifetime.withdrawnLookCount
        report.sweeps = durability.sweepCount
        report.retired = durability.retiredCount
        report.deleted = durability.deletedCount
        report.pins = changes.pinCount
        report.withdrawals = changes.withdrawalCount
        report.contacts = table.contactCount
        report.mostAsked = limits.mostAsked
        report.datagrams = world.deliveredCount
        report.searched = searches.count
        report.found = searches.count { id in
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

    /// Five machines are in one network, which has its share of no table then; two of them of the same one are in each
    /// bucket at most.
    private func publicAddress(_ number: Int) -> Address {
        guard [4, 5, 7, 8, 10].contains(number) else { return World.publicAddress(number) }
        return Address(host: .v4(0x5B0C_2200 + UInt32(number) * 23), port: 8090)
    }

    private func addMachine(_ number: Int) {
        let kinds = NATKind.allCases
        let isBehindNAT = number > 3 && number % 3 == 0
        let nat = isBehindNAT ? kinds[Int.random(in: 1..<kinds.count, using: &world.generator)] : .none
        let outside = publicAddress(number)
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
            peers: number == 0 ? [] : [publicAddress(0), publicAddress(1)], settings: settings)
    }
}

/// Counts what operators were told of.
final class ChangeCounter: Observer {
    private(set) var pinCount = 0
    private(set) var withdrawalCount = 0

    package func changed(_ change: StorageChange, on machine: Machine, in world: World) {
        switch change {
        case .pin: pinCount += 1
        case .withdraw: withdrawalCount += 1
        case .store, .refresh, .tokenSecrets: return
        }
    }
}
