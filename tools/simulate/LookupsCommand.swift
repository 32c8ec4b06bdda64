import ArgumentParser
import DHTCore
import IPv8
import Simulation

/// How long lookups take right after some nodes have died.
struct LookupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookups",
        abstract: "Has a share of an overlay die, and measures lookups while the others still know the dead nodes.",
        discussion: """
            Values are published first. Then the nodes die, and within ten seconds each value is looked up by a node \
            that does not have it. Times are virtual, so they do not depend on the machine.
            """)

    @Option(help: "How many nodes.") var nodes = 30
    @Option(help: "The share of them that dies.") var dead = 0.2
    @Option(help: "Whose nodes.") var kind = OverlayKind.bristlecone
    @Option(help: "How many worlds, with the seeds from 1.") var worlds = 10
    @Option(help: "How many values are looked up in each.") var lookups = 20
    @Option(help: "The share of datagrams that get lost.") var loss = 0.0

    func validate() throws {
        try refuse("--nodes", of: nodes, outside: 2...100_000)
        try refuse("--worlds", of: worlds, outside: 1...10_000)
        try refuse("--lookups", of: lookups, outside: 1...10_000)
        try refuse("--dead", unlessShare: dead)
        try refuse("--loss", unlessShare: loss)
    }

    func run() throws {
        var found: [LookupTrace.Lookup] = []
        for seed in 1...worlds { found += measure(seed: UInt64(seed)) }
        let times = found.compactMap(\.timeToEnd).map(milliseconds).sorted()
        let asked = mean(found.map { Double($0.asked.count) })
        let requests = mean(found.map { Double($0.findCount) })
        print(
            "\(nodes) \(kind.rawValue) nodes, \(found.count) lookups: over after \(percentile(50, of: times)) ms"
                + " (median), \(percentile(90, of: times)) (90 %), \(times.last?.rounded() ?? 0) (most);"
                + " \(asked) nodes asked each, \(requests) requests with those for punctures,"
                + " \(found.count { !$0.wasFound }) values missed")
    }

    private func measure(seed: UInt64) -> [LookupTrace.Lookup] {
        let trace = LookupTrace()
        let overlay = ComparedOverlay(kind, seed: seed, loss: loss)
        overlay.world.observers = [trace]
        overlay.grow(to: nodes, .none)
        overlay.run(for: .seconds(300))
        let values = (0..<lookups).compactMap { publish($0, in: overlay) }
        overlay.run(for: .seconds(20))
        let dying = overlay.running.shuffled(using: &overlay.world.generator).prefix(Int(Double(nodes) * dead))
        for machine in dying { overlay.world.kill(machine) }
        overlay.run(for: .milliseconds(10))
        for value in values {
            let asking = overlay.running.filter { !overlay.serves($0, value) && !trace.isLookingUp($0) }
            if let machine = asking.randomElement(using: &overlay.world.generator) {
                trace.next = (value, true)
                _ = overlay.world.issue(.find(value.target), on: machine)
            }
            overlay.run(for: .seconds(10) / lookups)
        }
        overlay.run(for: .seconds(60))
        return trace.takeFinished()
    }

    private func publish(_ number: Int, in overlay: ComparedOverlay) -> PublishedValue? {
        let version = Version(signedAt: overlay.world.now)
        guard let machine = overlay.running.randomElement(using: &overlay.world.generator),
            let entry = try? overlay.identity(of: machine).entry(Array("value \(number)".utf8), version: version)
        else { return nil }
        let value = PublishedValue(target: Target(hashing: "looked up value \(number)"), entry: entry)
        _ = overlay.world.issue(.publish(value.target, entry), on: machine)
        overlay.run(for: .milliseconds(500))
        return value
    }
}
