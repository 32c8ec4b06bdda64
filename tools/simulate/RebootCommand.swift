import ArgumentParser
import DHTCore
import IPv8
import Maintenance
import Simulation

/// How a node with many values gets well after an absence.
struct RebootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reboot",
        abstract: "Has a node that published many values be away for a while, and watches how it stores them again.")

    @Option(help: "How many other nodes.") var nodes = 1000
    @Option(help: "How many values.") var values = 100_000
    @Option(help: "How long it is away: a number of seconds, or one with m, h or d.") var downtime = "1h"
    @Option(help: "Virtual seconds after the reboot at which it is killed and started once more.") var killAfter: Int?
    @Option(help: "How many virtual minutes to watch at least.") var watch = 0
    @Option(help: "The share of datagrams that get lost.") var loss = 0.0
    @Option(help: "How many requests a second upkeep may send.") var rate = 400
    @Option(help: "The seed.") var seed: UInt64 = 1

    private static let stepsMax = 6 * 3600
    private static let unitsMax = 1_000_000

    func validate() throws {
        try refuse("--nodes", of: nodes, outside: 1...1_000_000)
        try refuse("--values", of: values, outside: 1...100_000_000)
        try refuse("--watch", of: watch, outside: 0...(Self.stepsMax / 60))
        try refuse("--loss", unlessShare: loss)
        try refuse("--rate", of: rate, outside: 1...1_000_000)
        _ = try seconds(in: downtime)
    }

    func run() throws {
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.republishLimits.packetsPerSecond = rate
        let clock = ContinuousClock()
        let began = clock.now
        let overlay = try ArchivistWorld(
            seed: seed, nodes: nodes, values: values,
            ages: .zero...(settings.timing.republishInterval - settings.timing.jitterMax / 2), settings: settings,
            network: NetworkConditions(loss: loss))
        overlay.boot()
        overlay.world.run(for: .seconds(180))
        let contacts = overlay.node?.contacts.count ?? 0
        print("before: \(contacts) contacts, \(overlay.meter.storeCount) stores in 3 min")
        overlay.world.kill(overlay.archivist)
        overlay.world.run(for: try seconds(in: downtime))
        try reboot(overlay, settings)
        print("took \(clock.now - began)")
    }

    private func reboot(_ overlay: ArchivistWorld, _ settings: NodeSettings) throws {
        let world = overlay.world
        let start = world.now
        overlay.meter.reset()
        let repeatsBefore = overlay.ledger.repeatCount
        overlay.ledger.wait(for: overlay.targets, at: start)
        let due = overlay.storage.dueKeys(at: start, limit: 1)
        print("at the reboot: \(due.total) of \(due.kept) keys due, \(overlay.ledger.awaited.count) on fewer than 8")
        overlay.boot()
        var goodAt: Instant?
        for second in 1...RebootCommand.stepsMax {
            world.run(for: .seconds(1))
            if second == killAfter {
                world.kill(overlay.archivist)
                overlay.boot()
                print("killed and started again after \(second) s")
            }
            if goodAt == nil, overlay.node?.republisherSnapshot.phase != .waitingForTable {
                goodAt = world.now
                print("until then at most \(overlay.meter.perSecondMax) finds within a second")
                overlay.meter.resetPeak()
                print("table good after \(second) s, with \(overlay.node?.contacts.count ?? 0) contacts")
            }
            if second == 10 { tell(due, nodes: overlay.node?.republisherSnapshot.nodes ?? 0, settings) }
            if second % 300 == 0 { tell(overlay, after: second) }
            if overlay.ledger.awaited.isEmpty, second >= watch * 60 { break }
        }
        let elapsed = world.now - start
        tell(due, nodes: overlay.settlement.members.count, settings)
        let completed = overlay.ledger.completedAt.map { "\($0 - start)" } ?? "never"
        let firstStore = overlay.meter.firstStoreAt.map { "\($0 - start)" } ?? "never"
        print(
            """
            all on 8 nodes after \(completed); first store after \(firstStore)
            \(overlay.meter.storeCount) stores, \(overlay.meter.requestCount) requests in \(elapsed), \
            \(Double(overlay.meter.requestCount) / (elapsed / .seconds(1))) a second, at most \
            \(overlay.meter.perSecondMax) within one
            a peer got at most \(overlay.meter.perPeerMax) requests in 5 s, \(overlay.meter.storesPerPeerMax) of them \
            stores; \(overlay.ledger.refusedCount) were dropped
            \(overlay.ledger.repeatCount - repeatsBefore) stores repeated; \(overlay.shareOnClosest()) of the copies on the 8 closest; \
            time-outs \(overlay.node?.counters.timeouts ?? 0)
            """)
    }

    private func tell(_ due: DueKeys, nodes: Int, _ settings: NodeSettings) {
        let forecast = Forecast(
            due, nodes: nodes, interval: settings.timing.republishInterval,
            limits: settings.republishLimits)
        print(
            "plan with \(nodes) nodes: \(forecast.packets) packets in"
                + " \(forecast.duration.map { "\($0)" } ?? "never"), \(forecast.keysBeyondCapacity) keys too many")
    }

    private func tell(_ overlay: ArchivistWorld, after second: Int) {
        let snapshot = overlay.node?.republisherSnapshot
        print(
            "\(second / 60) min: \(overlay.ledger.awaited.count) awaited, \(overlay.count(heldByFewerThan: 8)) on"
                + " fewer than 8, \(overlay.count(heldByFewerThan: 1)) on none; due \(snapshot?.dueKeys ?? 0),"
                + " waiting \(snapshot?.waitingKeys ?? 0), arcs \(snapshot?.activeArcs ?? 0), nodes"
                + " \(snapshot?.nodes ?? 0); requests \(overlay.meter.requestCount), stores \(overlay.meter.storeCount)"
        )
    }

    private func seconds(in text: String) throws -> Duration {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int(unit == nil ? text[...] : text.dropLast()), (0...Self.unitsMax).contains(number) else {
            throw ValidationError("--downtime is '\(text)'; it must be a number of seconds, or one with m, h or d.")
        }
        return .seconds(number * (unit ?? 1))
    }
}
