import IPv8
import Kademlia
import Simulation
import Testing

@testable import DHTCore

/// Whole nodes talking to each other, with real packets and signatures, in virtual time.
@Suite struct OverlayTests {
    /// A world of nodes that all know the first one only.
    private static func world(of count: Int, loss: Double = 0, seed: UInt64 = 7) throws -> World {
        let world = World(seed: seed, network: NetworkConditions(loss: loss))
        let first = try address(0)
        for index in 0..<count {
            world.addNode(at: try address(index), key: try key(index), peers: index == 0 ? [] : [first])
        }
        return world
    }

    private static func address(_ index: Int) throws -> Address {
        try #require(Address("127.\(index % 250 + 1).\(index / 250 + 7).1:8090"))
    }

    private static func key(_ index: Int) throws -> PrivateKey {
        let secret = (0..<64).map { UInt8(truncatingIfNeeded: index * 131 + $0 * 7 + index >> 8) }
        return try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + secret)
    }

    private let key = Target(hashing: "key")

    @Test func nodesThatKnowOnePeerComeToKnowEachOther() throws {
        let world = try Self.world(of: 10)
        world.run(for: .seconds(30))
        for machine in world.machines {
            #expect(try #require(machine.host).node.contacts.count == 9)
        }
    }

    @Test func aPublishedValueIsHeldByEightAndFoundByAll() throws {
        let world = try Self.world(of: 20)
        world.run(for: .seconds(30))
        let entry = try Entry(data: Array("value".utf8), version: Version(5), signedBy: try Self.key(3))
        let command = world.issue(.publish(key, entry), on: world.machines[3])
        world.run(for: .seconds(20))
        #expect(world.outcomes[command] == .published(PublishOutcome(askedCount: 8, acknowledgedCount: 8)))
        #expect(world.machines.count { $0.holds(entry, under: key) } >= 8)
        let finds = world.machines.map { world.issue(.find(key), on: $0) }
        world.run(for: .seconds(30))
        for find in finds {
            guard case .found(let outcome)? = world.outcomes[find] else {
                Issue.record("a search did not end")
                continue
            }
            #expect(outcome.entries == [entry])
            #expect(outcome.answeredCount <= outcome.askedCount)
        }
    }

    @Test func aValueIsFoundWhenAFifthOfAllDatagramsIsLost() throws {
        let world = try Self.world(of: 20, loss: 0.2)
        world.run(for: .seconds(60))
        let entry = try Entry(unsigned: Array("value".utf8))
        let publish = world.issue(.publish(key, entry), on: world.machines[1])
        world.run(for: .seconds(60))
        guard case .published(let outcome)? = world.outcomes[publish] else {
            Issue.record("a publication did not end")
            return
        }
        #expect(outcome.acknowledgedCount > 0)
        let find = world.issue(.find(key), on: world.machines[15])
        world.run(for: .seconds(60))
        guard case .found(let found)? = world.outcomes[find] else {
            Issue.record("a search did not end")
            return
        }
        #expect(found.entries == [entry])
    }

    @Test func silentNodesAreGivenUpAndAnsweringOnesKept() throws {
        let world = try Self.world(of: 10)
        world.run(for: .seconds(30))
        for dead in 6..<10 { world.kill(world.machines[dead]) }
        world.run(for: .seconds(120))
        for machine in world.machines[..<6] {
            let contacts = try #require(machine.host).node.contacts
            #expect(contacts.count == 5, "\(machine.address)")
        }
    }

    @Test func aRestartedNodeFindsItsContactsWithoutBeingToldAPeer() throws {
        let world = try Self.world(of: 10)
        world.run(for: .seconds(30))
        // The first machine was told no peers at all.
        world.kill(world.machines[0])
        world.run(for: .seconds(1))
        world.boot(world.machines[0])
        // It asks by itself, at once; that the others would walk to it sooner or later is not what is meant.
        #expect(try #require(world.machines[0].host).node.counters.sent[1] == 9)
        world.run(for: .seconds(10))
        #expect(try #require(world.machines[0].host).node.contacts.count == 9)
    }

    @Test func aNetworkThatWasCutApartFindsTogetherAgainWithoutItsFirstPeer() throws {
        let world = try Self.world(of: 8)
        world.run(for: .seconds(30))
        world.kill(world.machines[0])
        world.network.conditions.loss = 1
        world.run(for: .seconds(180))
        for machine in world.machines[1...] { #expect(try #require(machine.host).node.contacts.isEmpty) }
        world.network.conditions.loss = 0
        world.run(for: .seconds(180))
        for machine in world.machines[1...] { #expect(try #require(machine.host).node.contacts.count == 6) }
    }

    @Test func bucketsAreLookedThroughThoughTheirContactsAnswer() throws {
        let world = try Self.world(of: 12)
        world.run(for: .seconds(60))
        let before = try #require(world.machines[3].host).node.counters.sent[5] ?? 0
        world.run(for: .seconds(40 * 60))
        #expect(try #require(world.machines[3].host).node.counters.sent[5] ?? 0 >= before + 8)
    }

    @Test func aNodeAloneKeepsWhatItsUserPublishesAndFindsIt() throws {
        let world = try Self.world(of: 1)
        world.run(for: .seconds(5))
        let entry = try Entry(unsigned: [1, 2, 3])
        let publish = world.issue(.publish(key, entry), on: world.machines[0])
        world.run(for: .seconds(5))
        #expect(world.outcomes[publish] == .published(PublishOutcome(askedCount: 0, acknowledgedCount: 0)))
        let find = world.issue(.find(key), on: world.machines[0])
        world.run(for: .seconds(5))
        #expect(
            world.outcomes[find]
                == .found(FindOutcome(entries: [entry], askedCount: 0, answeredCount: 0, holderCount: 0)))
    }

    @Test func pingsTellWhoIsThereAndThatNobodyIs() throws {
        let world = try Self.world(of: 2)
        world.run(for: .seconds(1))
        let answered = world.issue(.ping(world.machines[1].address), on: world.machines[0])
        let unanswered = world.issue(.ping(try Self.address(99)), on: world.machines[0])
        world.run(for: .seconds(10))
        guard case .pinged(let who, let roundTrip)? = world.outcomes[answered] else {
            Issue.record("nobody answered")
            return
        }
        #expect(who == (try Self.key(1)).publicKey && roundTrip > .milliseconds(9))
        #expect(world.outcomes[unanswered] == .pingTimedOut)
    }

    @Test func manyValuesAtOnceArePacedAndAllArrive() throws {
        let world = try Self.world(of: 10)
        world.run(for: .seconds(30))
        var commands: [CommandID] = []
        for number in 0..<40 {
            let entry = try Entry(unsigned: [UInt8(number)])
            commands.append(world.issue(.publish(Target(hashing: "key \(number)"), entry), on: world.machines[2]))
        }
        world.run(for: .seconds(300))
        for command in commands {
            guard case .published(let outcome)? = world.outcomes[command] else {
                Issue.record("a publication did not end")
                continue
            }
            #expect(outcome.acknowledgedCount > 0)
        }
        let node = try #require(world.machines[2].host).node
        #expect(node.counters.paced > 0)
        // Nobody took the busy node for a flood.
        for machine in world.machines {
            #expect(try #require(machine.host).node.counters.dropped[.refused(.floodLimit)] == nil)
        }
    }

    @Test func theSameSeedMakesTheSameRun() throws {
        let runs = try (0..<2).map { _ in
            let world = try Self.world(of: 8, loss: 0.1, seed: 42)
            world.run(for: .seconds(60))
            return world.machines.map { $0.host?.node.counters }
        }
        #expect(runs[0] == runs[1])
    }
}
