import ArgumentParser
import DHTCore
import IPv8
import Simulation

/// How long a virtual time takes.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Runs an overlay of nodes of ours for a while, and tells what that takes.")

    @Option(help: "How many nodes.") var nodes = 1000
    @Option(help: "How many virtual minutes.") var minutes = 60
    @Option(help: "The seed.") var seed: UInt64 = 1
    @Option(help: "Into how many parts the machines are dealt out, which the cores run side by side.") var shards = 16

    func validate() throws {
        try refuse("--nodes", of: nodes, outside: 1...1_000_000)
        try refuse("--minutes", of: minutes, outside: 1...1_000_000)
        try refuse("--shards", of: shards, outside: 1...1024)
    }

    func run() throws {
        var settings = NodeSettings()
        settings.signatures = .modelled
        let world = World(seed: seed, settings: settings, shardCount: shards)
        let clock = ContinuousClock()
        let began = clock.now
        world.addNodes(nodes, spacing: .milliseconds(20))
        for minute in 1...minutes {
            world.run(for: .seconds(60))
            let sent = world.machines.reduce(0) { $0 + $1.sentCount }
            let contacts = world.machines.reduce(0) { $0 + ($1.host?.node.contacts.count ?? 0) }
            print(
                "\(minute) min: \(clock.now - began), \(sent) sent, \(world.deliveredCount) delivered,"
                    + " \(contacts / nodes) contacts a node")
        }
    }
}
