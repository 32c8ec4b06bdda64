internal import DHTCore
internal import IPv8

/// The whole-system scenario. Nodes are behind NATs and on poor lines, with slow, full and failing disks and wrong
/// clocks; they lose power at the worst moments and come back. Users publish, replace and look up values, pin keys and
/// withdraw values. Every checker watches.
///
/// An hour of the overlay takes three minutes or less, and expired values are retained for minutes instead of a week.
/// So values expire, are republished, leave the serving window, return, and are removed within one run.
package final class WholeSystem {
    /// The parameters of a run.
    package struct Plan: Sendable {
        /// How many nodes.
        package var nodes = 14
        /// The duration, of which the last minute is quiet.
        package var length: Duration = .seconds(600)
        /// How many hours of the overlay pass in one.
        package var hastening = 20
        /// How many power cuts there are.
        package var crashes = 12
        /// Publications and lookups in a minute.
        package var publications = 20
        package var lookups = 30
        /// How many keys are pinned, and how many authors withdraw their last value and publish no more.
        package var pins = 2
        package var withdrawals = 3
        /// Faults built into the nodes.
        package var sabotage: Set<Sabotage> = []

        package init() {}
    }

    /// The result of a run.
    package struct Report: Sendable {
        /// The seed that repeats it.
        package let seed: UInt64
        /// Broken promises; empty if all is well.
        package var violations: [Violation] = []
        /// Crashes, and those in the middle of a commit.
        package var crashes = 0
        package var crashesInCommit = 0
        /// Values that were acknowledged, checked after crashes, and served.
        package var acknowledged = 0
        package var looks = 0
        package var served = 0
        /// Checks of values that were served after their publishers had left or withdrawn them.
        package var lifetimeLooks = 0
        package var withdrawnLooks = 0
        /// Sweeps, and values that left the serving window and the archive.
        package var sweeps = 0
        package var retired = 0
        package var deleted = 0
        /// Pins and withdrawals that users were told of.
        package var pins = 0
        package var withdrawals = 0
        /// Checked contacts, and the most requests of one node to another in five seconds.
        package var contacts = 0
        package var mostAsked = 0
        /// Lookups that found what they should, and all lookups.
        package var found = 0
        package var lookedUp = 0
        /// Delivered datagrams.
        package var datagrams = 0

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
    var lookups: Set<CommandID> = []
    let changes = ChangeCounter()
    /// The machines that have gone for good.
    var gone: Set<MachineIndex> = []

    /// A publisher with its own key, on one machine.
    struct Author {
        let identity: Identity?
        let target: Target
        let machine: Machine
        var version: UInt32
        var publishedCount = 0
        var latest: (id: CommandID, entry: Entry)?
        var isDone = false
    }

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

    /// In every other run all clocks are right except for drift, to show that no value lives too long.
    var hasWrongClocks: Bool { world.seed % 2 == 0 }

    var checkers: [any Checker] {
        [durability, serving, limits, table] + (hasWrongClocks ? [] : [lifetime])
    }

    /// Runs the scenario to its end.
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
        report.lookedUp = lookups.count
        report.found = lookups.count { id in
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

    /// Five machines are in one network, so at most two of them are in each bucket.
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

/// Counts the operators' confirmed changes.
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
