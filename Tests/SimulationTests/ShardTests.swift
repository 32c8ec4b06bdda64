import DHTCore
import IPv8
import Testing

@testable import Simulation

/// A world is the same, however many threads run it.
@Suite struct ShardTests {
    /// All that a small overlay has done after a while, with values, loss and a power cut.
    private func run(shardCount: Int) throws -> [String] {
        var settings = NodeSettings()
        settings.signatures = .modelled
        let world = World(
            seed: 5, network: NetworkConditions(loss: 0.02, duplication: 0.01), settings: settings,
            shardCount: shardCount)
        world.addNodes(14, spacing: .milliseconds(50))
        world.run(for: .seconds(20))
        var commands: [CommandID] = []
        for number in 0..<5 {
            let entry = try Entry(unsigned: [UInt8(number)])
            let publisher = world.machines[number * 2 + 1]
            commands.append(world.issue(.publish(Target(hashing: "\(number)"), entry), on: publisher))
        }
        world.after(.seconds(4)) { world in
            world.kill(world.machines[7])
            world.after(.seconds(5)) { $0.boot($0.machines[7]) }
        }
        world.run(for: .seconds(20))
        for number in 0..<5 {
            commands.append(world.issue(.find(Target(hashing: "\(number)")), on: world.machines[number * 2]))
        }
        world.run(for: .seconds(20))
        return world.machines.map { "\($0.sentCount) \($0.receivedCount) \($0.host?.node.contacts.count ?? 0)" }
            + commands.map { "\(world.outcomes[$0], default: "none")" }
            + ["\(world.deliveredCount)"]
    }

    @Test(arguments: [3, 16])
    func howManyShardsThereAreMakesNoDifference(shardCount: Int) throws {
        let one = try run(shardCount: 1)
        #expect(try run(shardCount: shardCount) == one)
        #expect(one.count { $0.contains("found") && $0.contains("entries: [IPv8") } == 5)
    }

    @Test func aWorldOfSeveralShardsIsTheSameEachTime() throws {
        let runs = try (0..<2).map { _ in try run(shardCount: 4) }
        #expect(Set(runs).count == 1)
    }
}
