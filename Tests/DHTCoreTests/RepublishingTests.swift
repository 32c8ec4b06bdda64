import IPv8
import Kademlia
import Maintenance
import Simulation
import Testing

@testable import DHTCore

/// Values outlive the time for which a store is served, and no longer than they should. An hour takes 3 minutes here.
@Suite struct RepublishingTests {
    /// A world of nodes that all know the first one only, after a minute.
    private static func world(of count: Int, seed: UInt64 = 11) throws -> World {
        var settings = NodeSettings()
        settings.timing = .hastened(by: 20)
        let world = World(seed: seed, settings: settings)
        for index in 0..<count {
            world.addNode(at: try address(index), key: try key(index), peers: index == 0 ? [] : [try address(0)])
        }
        world.run(for: .seconds(60))
        return world
    }

    private static func address(_ index: Int) throws -> Address {
        try #require(Address("127.\(index * 7 % 250 + 1).\(index / 250 + 7).1:8090"))
    }

    private static func key(_ index: Int) throws -> PrivateKey {
        let secret = (0..<64).map { UInt8(truncatingIfNeeded: index * 131 + $0 * 7 + index >> 8) }
        return try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + secret)
    }

    private let target = Target(hashing: "key")

    private static func holders(of entry: Entry, under target: Target, in world: World) -> Int {
        world.machines.count { machine in
            machine.host?.storage.held(under: target).contains { $0.entry == entry && $0.expiresAt > world.now }
                ?? false
        }
    }

    private static func publish(_ entry: Entry, under target: Target, on index: Int, in world: World) throws {
        let command = world.issue(.publish(target, entry), on: world.machines[index])
        world.run(for: .seconds(30))
        guard case .published? = world.outcomes[command] else {
            Issue.record("the publication did not end")
            return
        }
    }

    @Test func whatWasPublishedHereLivesAsLongAsItsPublisher() throws {
        let world = try Self.world(of: 12)
        let entry = try Entry(unsigned: Array("value".utf8))
        try Self.publish(entry, under: target, on: 3, in: world)
        for _ in 0..<6 {
            world.run(for: .seconds(90))
            #expect(Self.holders(of: entry, under: target, in: world) >= 8)
        }
    }

    @Test func itsValueIsFoundAfterAllThatFirstHeldItAreGone() throws {
        let world = try Self.world(of: 18)
        let entry = try Entry(unsigned: Array("value".utf8))
        try Self.publish(entry, under: target, on: 3, in: world)
        let first = world.machines.indices.filter { $0 != 3 && world.machines[$0].holdsAny(under: target) }
        for index in first { world.kill(world.machines[index]) }
        world.run(for: .seconds(180))
        #expect(Self.holders(of: entry, under: target, in: world) >= 8)
    }

    /// The value was signed at the moment it was published, and its publisher dies at once.
    @Test func whatOthersPublishedIsGoneWhenItsTimeIsOver() throws {
        let world = try Self.world(of: 12)
        let origin = world.now
        let entry = try Entry(data: [1], version: Version(UInt32(origin.seconds)), signedBy: try Self.key(3))
        try Self.publish(entry, under: target, on: 3, in: world)
        world.kill(world.machines[3])
        world.run(for: .seconds(230))
        #expect(Self.holders(of: entry, under: target, in: world) >= 7)
        world.run(for: origin + .seconds(2 * 180) - world.now)
        #expect(Self.holders(of: entry, under: target, in: world) == 0)
    }

    @Test func pinnedValuesOutliveTheirPublisher() throws {
        let world = try Self.world(of: 12)
        let entry = try Entry(data: [1], version: Version(UInt32(world.now.seconds)), signedBy: try Self.key(3))
        try Self.publish(entry, under: target, on: 3, in: world)
        let archivist = try #require(
            world.machines.indices.first { $0 != 3 && world.machines[$0].holdsAny(under: target) })
        world.change(.pin(target), on: world.machines[archivist])
        world.kill(world.machines[3])
        world.run(for: .seconds(900))
        #expect(Self.holders(of: entry, under: target, in: world) >= 8)
    }

    @Test func aNodeThatWasKilledInASweepFinishesItAndRepeatsOnlyWhatWasUnderWay() throws {
        let world = try Self.world(of: 12)
        let keys = (0..<60).map { Target(hashing: "key \($0)") }
        for key in keys { _ = world.issue(.publish(key, try Entry(unsigned: key.bytes)), on: world.machines[3]) }
        world.run(for: .seconds(60))
        let before = world.now
        world.kill(world.machines[3])
        world.run(for: .seconds(200))
        world.boot(world.machines[3])
        world.run(for: .seconds(25))
        let done = { (world: World) in
            keys.count { key in
                world.machines[3].setup?.storage.held(under: key).contains { $0.expiresAt > before + .seconds(181) }
                    ?? false
            }
        }
        let halfway = done(world)
        #expect(halfway > 0 && halfway < keys.count)
        world.kill(world.machines[3])
        world.boot(world.machines[3])
        world.run(for: .seconds(120))
        #expect(done(world) == keys.count)
        // Each node counts what it was asked to store: one store a key, but for those under way at the kill.
        let repeated = try #require(world.machines[3].host).node.counters.keysRepublished - (keys.count - halfway)
        #expect(repeated <= 2 * ArcRun.itemsMax)
    }

    @Test func nothingIsStoredBeforeTheTableIsGood() throws {
        let due = DueKeys(
            keys: [DueKey(target: target, deadline: .distantPast, isPinned: false)], total: 1, kept: 1, nextDue: nil)
        let peers = try (1...8).map { try Peer($0) }
        let remembered = peers.map { Contact($0.info, answeredAt: Instant(seconds: 1_699_999_000)) }
        var bench = try Bench(contacts: remembered)
        bench.leaveNeighboursAlone()
        // Three of eight are not half of what there was.
        for peer in peers[..<3] { try bench.befriend(peer) }
        #expect(bench.pass(.seconds(6)).dueListings.isEmpty)
        try bench.befriend(peers[3])
        let listing = try #require(bench.pass(.seconds(6)).dueListings.first?.id)
        #expect(!bench.give(.dueKeysListed(listing, due)).finds(to: peers[0].address).isEmpty)
    }

    /// So that neighbours are among them, which one lookup serves; how many there are is known at once.
    @Test func whatComesDueNextIsAskedForOnceAllIsDoneAndStoredOnceEnoughHasGathered() throws {
        let peer = try Peer(1)
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        try bench.befriend(peer)
        let due = DueKeys(
            keys: [DueKey(target: target, deadline: .distantPast, isPinned: false)], total: 1, kept: 1, nextDue: nil)
        let listing = try #require(bench.pass(.seconds(6)).dueListings.first?.id)
        let find = try #require(bench.give(.dueKeysListed(listing, due)).finds(to: peer.address).first)
        let answer = FindResponse(id: find.id, token: Token(bits: .zero))
        let effects = try bench.receive(.findResponse(answer), from: peer) + bench.pass(.milliseconds(500))
        let read = try #require(effects.readings.first)
        _ = bench.give(.republishableLoaded(read, []))
        let next = bench.pass(.seconds(11)).dueListings
        #expect(next.map(\.limit) == [0])
        let none = DueKeys(keys: [], total: 3, kept: 9, nextDue: nil)
        #expect(bench.give(.dueKeysListed(try #require(next.first?.id), none)).isEmpty)
        #expect(bench.node.republisherSnapshot.dueKeys == 3)
        var gathered: [Int] = []
        for minute in 1...5 {
            for _ in 0..<15 {
                let effects = bench.pass(.seconds(4))
                gathered += effects.dueListings.map(\.limit)
                for ping in effects.pings(to: peer.address) {
                    _ = try bench.receive(.pingResponse(PingResponse(id: ping)), from: peer)
                }
            }
            if minute < 4 { #expect(gathered.isEmpty) }
        }
        #expect(gathered.count == 1 && gathered.allSatisfy { $0 > 1000 })
    }

    /// It stays due until it is swept, up to an hour later, and every listing would begin a lookup for it.
    @Test func aKeyWithNothingLeftToStoreWaitsBeforeItIsLookedForAgain() throws {
        let due = DueKeys(
            keys: [DueKey(target: target, deadline: .distantPast, isPinned: false)], total: 1, kept: 1, nextDue: nil)
        let peer = try Peer(1)
        var bench = try Bench()
        bench.leaveNeighboursAlone()
        try bench.befriend(peer)
        let listing = try #require(bench.pass(.seconds(6)).dueListings.first?.id)
        let find = try #require(bench.give(.dueKeysListed(listing, due)).finds(to: peer.address).first)
        let answer = FindResponse(id: find.id, token: Token(bits: .zero))
        let load = try #require(try bench.receive(.findResponse(answer), from: peer).readings.first)
        let effects = bench.give(.republishableLoaded(load, [RepublishableTarget(target: target, values: [])]))
        #expect(effects.republishReports.map(\.target) == [target])
        #expect(try #require(effects.republishReports.first?.retryAt) >= bench.now + .seconds(600))
    }

    /// A node alone with one other, to which it is to store a value again; answers what it does once it has read it.
    private func storingAgain(_ value: RepublishableValue, _ bench: inout Bench, _ peer: Peer) throws -> [Effect] {
        let due = DueKeys(
            keys: [DueKey(target: target, deadline: .distantPast, isPinned: false)], total: 1, kept: 1, nextDue: nil)
        bench.leaveNeighboursAlone()
        try bench.befriend(peer)
        let listing = try #require(bench.pass(.seconds(6)).dueListings.first?.id)
        let find = try #require(bench.give(.dueKeysListed(listing, due)).finds(to: peer.address).first)
        bench.now = bench.now + .seconds(1)
        let answer = FindResponse(id: find.id, token: Token(bits: .zero))
        let load = try #require(try bench.receive(.findResponse(answer), from: peer).readings.first)
        return bench.give(.republishableLoaded(load, [RepublishableTarget(target: target, values: [value])]))
    }

    @Test func tokensAreAsOldAsTheLookupThatTheyCameWith() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let value = RepublishableValue(entry: try Entry(unsigned: [1]), servedUntil: nil)
        let effects = try storingAgain(value, &bench, peer)
        #expect(effects.stores(to: peer.address).count == 1)
        #expect(bench.node.republisher.tokensGatheredAt == [bench.now - .seconds(1)])
    }

    @Test func acknowledgementIsNotedAtOnce() throws {
        var bench = try Bench()
        let peer = try Peer(1)
        let value = RepublishableValue(entry: try Entry(unsigned: [1]), servedUntil: nil)
        let store = try #require(try storingAgain(value, &bench, peer).stores(to: peer.address).first)
        let effects = try bench.receive(.storeResponse(StoreResponse(id: store.id)), from: peer)
        #expect(effects.republishReports.map(\.outcome) == [.stored])
        #expect(!bench.node.republisher.isBusy)
    }

    @Test func nobodyIsGivenAnotherHourOfWhatIsOver() throws {
        for (left, storeCount) in [(Duration.seconds(1), 1), (.seconds(-1), 0)] {
            var bench = try Bench()
            let peer = try Peer(1)
            // It was read in time, and has waited since for a node that was busy.
            let end = bench.now + .seconds(7) + left
            let value = RepublishableValue(entry: try Entry(unsigned: [1]), servedUntil: end + .seconds(3600))
            let effects = try storingAgain(value, &bench, peer)
            #expect((bench.now < end) == (storeCount == 1))
            #expect(effects.stores(to: peer.address).count == storeCount)
        }
    }

    /// Where a lookup for sixteen found eight, those are all that there are, and the closest to every key.
    @Test(arguments: [(7, 16, true), (8, 16, true), (8, 8, false), (16, 16, false)])
    func aPoolThatIsAllThereIsServesEveryKey(found: Int, wanted: Int, servesAll: Bool) throws {
        let anchor = Target(bits: .zero)
        let members = try (0..<found).map { number in
            NodePool.Member(
                node: try Peer(number).info, id: NodeID(bits: Bits160(high: UInt64(number + 1), middle: 0, low: 0)),
                token: Token(bits: .zero))
        }
        let pool = NodePool(
            members, around: anchor, copies: 8, wanted: wanted, limitsLocal: false, since: Instant(seconds: 1000))
        let far = Target(bits: Bits160(high: .max, middle: 0, low: 0))
        #expect(pool.covers(far) == servesAll && pool.covers(anchor))
    }

    @Test func noPeerGetsMoreThanHalfOfWhatItAccepts() throws {
        let world = try Self.world(of: 12)
        for number in 0..<100 {
            let key = Target(hashing: "key \(number)")
            _ = world.issue(.publish(key, try Entry(unsigned: key.bytes)), on: world.machines[3])
        }
        world.run(for: .seconds(120))
        let before = try #require(world.machines[3].host).node.counters.timeouts
        world.run(for: .seconds(260))
        let node = try #require(world.machines[3].host).node
        #expect(node.counters.keysRepublished >= 100)
        // Whoever was asked too often would have dropped requests.
        #expect(node.counters.timeouts == before)
        for machine in world.machines {
            #expect(machine.host?.node.counters.named["dropped.flood_limit"] ?? 0 == 0)
        }
    }
}

extension [Effect] {
    fileprivate var readings: [WorkID] {
        compactMap { effect in if case .loadRepublishable(let id, _) = effect { id } else { nil } }
    }

    fileprivate var dueListings: [(id: WorkID, limit: Int)] {
        compactMap { effect in if case .listDueKeys(let id, let limit) = effect { (id, limit) } else { nil } }
    }

    fileprivate var republishReports: [RepublishResult] {
        compactMap { effect in if case .noteRepublication(let report) = effect { report } else { nil } }
    }
}
