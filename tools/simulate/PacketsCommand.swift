import ArgumentParser
import DHTCore
import IPv8
import Maintenance
import Simulation

/// The cost of republishing.
struct PacketsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packets",
        abstract: "Counts the requests that storing a key again takes: all at once, as they come due, and one by one.")

    @Option(help: "How many keys; may be given several times.") var keys: [Int] = [100, 10_000]
    @Option(help: "How many other nodes.") var nodes = 1000
    @Option(help: "How many virtual minutes to count at most, where all are due at once.") var minutes = 60
    @Option(help: "How many requests a second upkeep may send.") var rate = 400
    @Option(help: "For how many seconds keys gather.") var gather: Int?
    @Option(help: "The seed.") var seed: UInt64 = 1
    @Flag(help: "Do not wait for keys to come due one after another.") var onlyAtOnce = false

    func validate() throws {
        for count in keys { try refuse("--keys", of: count, outside: 1...100_000_000) }
        try refuse("--nodes", of: nodes, outside: 1...1_000_000)
        try refuse("--minutes", of: minutes, outside: 1...1_000_000)
        try refuse("--rate", of: rate, outside: 1...1_000_000)
        if let gather { try refuse("--gather", of: gather, outside: 0...1_000_000) }
    }

    /// How many keys are published one by one.
    private static let publishedMax = 500

    private struct Cost {
        var keys = 0
        var requests = 0
        var stores = 0
    }

    func run() throws {
        print("keys      at once         as they come due   one lookup each     (requests a key, stores of them)")
        let alone = try published()
        for count in keys {
            let sweep = try swept(count)
            let trickle = onlyAtOnce ? Cost() : try trickled(count)
            print(row(count, sweep, trickle, alone))
        }
    }

    private func row(_ count: Int, _ costs: Cost...) -> String {
        let cells = costs.map { cost -> String in
            guard cost.keys > 0 else { return "-" }
            return "\(share(cost.requests, cost.keys)) (\(share(cost.stores, cost.keys)))"
        }
        return ([String(count)] + cells).map { $0 + String(repeating: " ", count: max(1, 18 - $0.count)) }.joined()
    }

    private func share(_ part: Int, _ whole: Int) -> Double { (Double(part) / Double(whole) * 100).rounded() / 100 }

    private func world(_ values: Int, _ ages: ClosedRange<Duration>) throws -> ArchivistWorld {
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.republishLimits.packetsPerSecond = rate
        if let gather { settings.republishLimits.gatherFor = .seconds(gather) }
        return try ArchivistWorld(seed: seed, nodes: nodes, values: values, ages: ages, settings: settings)
    }

    /// All are due when the node starts.
    private func swept(_ count: Int) throws -> Cost {
        let overlay = try world(count, .seconds(3601)...Duration.seconds(3602))
        overlay.ledger.wait(for: overlay.targets, at: overlay.world.now)
        overlay.boot()
        var second = 0
        while !overlay.ledger.awaited.isEmpty, second < minutes * 60 {
            overlay.world.run(for: .seconds(1))
            second += 1
        }
        return cost(overlay)
    }

    /// They were last stored at all times within the interval; counted for one interval.
    private func trickled(_ count: Int) throws -> Cost {
        let overlay = try world(count, .zero...Duration.seconds(2475))
        overlay.boot()
        overlay.world.run(for: .seconds(600))
        let before = cost(overlay)
        overlay.world.run(for: .seconds(2475))
        let after = cost(overlay)
        return Cost(
            keys: after.keys - before.keys, requests: after.requests - before.requests,
            stores: after.stores - before.stores)
    }

    /// A user publishes one after another.
    private func published() throws -> Cost {
        let overlay = try world(0, .zero...Duration.zero)
        overlay.boot()
        overlay.world.run(for: .seconds(60))
        overlay.meter.reset()
        for number in 0..<PacketsCommand.publishedMax {
            let entry = try Entry(unsigned: Array("\(number)".utf8))
            _ = overlay.world.issue(.publish(Target(hashing: "one by one \(number)"), entry), on: overlay.archivist)
            overlay.world.run(for: .seconds(4))
        }
        var cost = cost(overlay)
        cost.keys = PacketsCommand.publishedMax
        return cost
    }

    private func cost(_ overlay: ArchivistWorld) -> Cost {
        Cost(
            keys: overlay.node?.counters.keysRepublished ?? 0, requests: overlay.meter.requestCount,
            stores: overlay.meter.storeCount)
    }
}
