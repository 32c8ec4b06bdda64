import DHTCore
import IPv8
import Kademlia
import Testing

@testable import Simulation

/// The model of the reference's node: that it does what the reference does, and lives with ours.
@Suite struct ReferenceNodeTests {
    private let target = Target(hashing: "a value")

    /// A world of nodes of the reference's and of ours, ours first, that have had a minute to find each other.
    private func overlay(
        ours: Int, reference: Int, seed: UInt64, firstSweepAfter: Duration = ReferenceNode.sweepInterval
    ) -> World {
        var settings = NodeSettings()
        settings.signatures = .modelled
        let world = World(seed: seed, settings: settings)
        world.addNodes(ours)
        for number in ours..<ours + reference {
            let machine = world.addMachine(at: World.publicAddress(number))
            world.startReference(
                Identity(number: UInt64(number), .modelled), on: machine, peers: world.knownPeers(of: number),
                firstSweepAfter: firstSweepAfter)
        }
        world.run(for: .seconds(60))
        return world
    }

    private func entry(in world: World) throws -> Entry {
        try Identity(number: 4711, .modelled).entry(Array("text".utf8), version: Version(signedAt: world.now))
    }

    private func publish(_ entry: Entry, on machine: Machine, in world: World) throws -> PublishOutcome {
        let id = world.issue(.publish(target, entry), on: machine)
        world.run(for: .seconds(15))
        guard case .published(let outcome) = try #require(world.outcomes[id]) else {
            throw Unexpected(outcome: world.outcomes[id])
        }
        return outcome
    }

    private func find(on machine: Machine, in world: World) throws -> FindOutcome {
        let id = world.issue(.find(target), on: machine)
        world.run(for: .seconds(15))
        guard case .found(let outcome) = try #require(world.outcomes[id]) else {
            throw Unexpected(outcome: world.outcomes[id])
        }
        return outcome
    }

    private struct Unexpected: Error {
        let outcome: CommandOutcome?
    }

    @Test func nodesOfTheReferenceFindEachOthersValues() throws {
        let world = overlay(ours: 0, reference: 24, seed: 1)
        let entry = try entry(in: world)
        let published = try publish(entry, on: world.machines[3], in: world)
        #expect(published == PublishOutcome(askedCount: 8, acknowledgedCount: 8))
        let found = try find(on: world.machines[17], in: world)
        #expect(found.entries == [entry])
        #expect(found.askedCount <= 24)
        #expect((8...9).contains(found.holderCount))
        // Whoever finds a value keeps it, and has the closest one keep it that had none.
        let holders = world.machines.count { !($0.reference?.store.page(of: target) ?? []).isEmpty }
        #expect(holders >= 9)
    }

    @Test(arguments: [(0, 10), (10, 0)])
    func oursAndTheReferencesFindEachOthersValues(publisher: Int, searcher: Int) throws {
        let world = overlay(ours: 8, reference: 8, seed: 2)
        let entry = try entry(in: world)
        #expect(try publish(entry, on: world.machines[publisher], in: world).acknowledgedCount > 0)
        #expect(try find(on: world.machines[searcher], in: world).entries == [entry])
    }

    @Test(arguments: [true, false])
    func aValueDiesAtTheReferencesAndLivesAtOurs(isOurs: Bool) throws {
        let world = overlay(
            ours: isOurs ? 2 : 0, reference: isOurs ? 0 : 2, seed: 3, firstSweepAfter: .seconds(3700))
        let entry = try entry(in: world)
        #expect(try publish(entry, on: world.machines[0], in: world).acknowledgedCount == 1)
        // Nodes of the reference's that know each other alone ask each other for more twice a second: an hour of that is
        // left out.
        if !isOurs { world.network.parts = [0: 1] }
        world.run(for: .seconds(3500))
        world.network.parts = [:]
        world.run(for: .seconds(100))
        // It is out of date now, and served until that is noticed.
        if !isOurs { #expect(world.machines[1].reference?.store.page(of: target) == [entry]) }
        world.run(for: .seconds(60))
        #expect(try find(on: world.machines[1], in: world).entries == (isOurs ? [entry] : []))
    }

    @Test func aRestartedNodeOfTheReferencesKnowsNothing() throws {
        let world = overlay(ours: 0, reference: 3, seed: 4)
        let machine = world.machines[1]
        _ = try publish(entry(in: world), on: world.machines[0], in: world)
        #expect(machine.reference?.store.page(of: target).count == 1)
        world.kill(machine)
        world.startReference(Identity(number: 1, .modelled), on: machine)
        #expect(machine.reference?.store.page(of: target).isEmpty == true)
        #expect(machine.reference?.contactCount == 0)
    }

    @Test func whoAsksTooMuchIsNotListenedTo() throws {
        let world = overlay(ours: 0, reference: 2, seed: 5)
        // Five seconds in which nothing else is asked.
        world.run(for: .seconds(9))
        let (asker, asked) = (world.machines[0], world.machines[1])
        let mid = try #require(asked.reference).identity.publicKey
        let contact = ReferenceContact(NodeInfo(address: asked.address, publicKey: mid))
        world.act(on: asker) { actions in
            for _ in 0..<15 { asker.reference?.ping(contact, &actions) }
        }
        world.run(for: .seconds(1))
        #expect(asker.reference?.pending.count { $0.value.contact === contact } == 5)
    }

    @Test func aRefreshLeavesThePrefixOut() throws {
        let world = World(seed: 6)
        let node = world.startReference(
            Identity(number: 1, .modelled), on: world.addMachine(at: World.publicAddress(0)))
        for number in 10..<90 {
            let key = Identity(number: UInt64(number), .modelled).publicKey
            _ = node.addToTable(
                ReferenceContact(NodeInfo(address: World.publicAddress(number), publicKey: key)), at: .distantPast)
        }
        let stale = try #require(node.table?.buckets.count)
        #expect(stale > 3)
        for number in 0..<stale {
            var actions = Actions()
            actions.reset(now: world.now, generator: SeededGenerator(seed: UInt64(number)))
            node.refreshesLeft = [(number, number + 1)]
            node.refreshNext(&actions)
            let packet = try Packet(decoding: #require(actions.sends.first).bytes)
            guard case .findRequest(let request) = packet.message else { throw Unexpected(outcome: nil) }
            // It begins with zeros, whatever the ids in the bucket begin with.
            #expect(request.target.bits.leadingZeroBitCount >= number + 1)
        }
    }
}

/// Machines that come and go as they were seen to.
@Suite struct ChurnTests {
    @Test(arguments: [SessionLengths.kad.session, SessionLengths.kad.downtime, Weibull(shape: 1, scale: .seconds(600))])
    func durationsFollowTheDistribution(distribution: Weibull) {
        var generator = SeededGenerator(seed: 7)
        let drawn = (0..<20_000).map { _ in distribution.draw(using: &generator) }
        let mean = drawn.reduce(Duration.zero, +) / drawn.count
        #expect(abs(mean / distribution.mean - 1) < 0.05)
        // 1 - 1/e are shorter than the scale.
        let shorter = Double(drawn.count { $0 < distribution.scale }) / Double(drawn.count)
        #expect(abs(shorter - 0.632) < 0.01)
    }

    @Test func machinesAreThereForTheirShareOfTheTime() {
        var generator = SeededGenerator(seed: 8)
        let lengths = SessionLengths(
            session: Weibull(shape: 0.6, scale: .seconds(24 * 3600)),
            downtime: Weibull(shape: 0.6, scale: .seconds(2 * 24 * 3600)))
        let states = (0..<2000).map { _ in lengths.state(using: &generator) }
        #expect(abs(lengths.availability - 1.0 / 3) < 1e-9)
        #expect(abs(Double(states.count(where: \.isUp)) / 2000 - 1.0 / 3) < 0.04)
        // What is under way at a moment is longer than most: with this shape, what is left of it is more than a whole one.
        let left = states.filter(\.isUp).map(\.remaining)
        #expect(left.reduce(Duration.zero, +) / left.count > lengths.session.mean)
    }

    @Test func killsAndStarts() {
        let world = World(seed: 9)
        let machine = world.addMachine(at: World.publicAddress(0))
        let identity = Identity(number: 1, .modelled)
        let churn = Churn(
            SessionLengths(
                session: Weibull(shape: 1, scale: .seconds(60)), downtime: Weibull(shape: 1, scale: .seconds(60))),
            seed: 9
        ) { $0.startReference(identity, on: $1) }
        churn.change(machine, isUp: false, after: .seconds(5), in: world)
        world.run(for: .seconds(4))
        #expect(machine.resident == nil)
        world.run(for: .seconds(1))
        #expect(machine.reference != nil)
        world.run(for: .seconds(3600))
        #expect(churn.startCount > 10 && (churn.startCount - churn.killCount == (machine.resident == nil ? 0 : 1)))
    }
}
