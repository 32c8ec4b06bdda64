import IPv8
import Kademlia
import Maintenance
import Testing

@testable import DHTCore
@testable import Simulation

/// How values are kept alive, and how they are let go. Where nodes of ours are among themselves, an hour takes a minute.
@Suite struct RepublishingTests {
    private static let factor = 60
    private static let hour: Duration = .seconds(3600 / factor)

    private static func settings(republishes: Bool = true, _ sabotage: Set<Sabotage> = []) -> NodeSettings {
        var settings = NodeSettings()
        settings.timing = .hastened(by: factor)
        settings.signatures = .modelled
        settings.republishes = republishes
        settings.sabotage = sabotage
        return settings
    }

    private static func storage(_ settings: NodeSettings) -> ModelArchive {
        ModelArchive(timing: settings.timing, sabotage: settings.sabotage)
    }

    /// How many running machines serve a value.
    private static func holders(of entry: Entry, under target: Target, in world: World) -> Int {
        world.machines.count { machine in
            machine.host?.storage.held(under: target).contains { $0.entry == entry && $0.expiresAt > world.now }
                ?? false
        }
    }

    // MARK: What others published

    /// Ten nodes that store nothing again, as the reference, then two that do and a publisher, who dies at once.
    private struct Legacy {
        let world: World
        let archivists: [Machine]
        let entry: Entry
        let target: Target
        let origin: Instant

        init(_ sabotage: Set<Sabotage>) throws {
            let plain = RepublishingTests.settings(republishes: false)
            let keeping = RepublishingTests.settings(sabotage)
            world = World(seed: 5, settings: plain)
            world.addNodes(10)
            for number in 10..<13 {
                let own = number < 12 ? keeping : plain
                world.startNode(
                    Identity(number: UInt64(number) + 900, .modelled),
                    on: world.addMachine(at: World.publicAddress(number)), storage: RepublishingTests.storage(own),
                    peers: world.knownPeers(of: number), settings: own)
            }
            world.run(for: .seconds(30))
            archivists = Array(world.machines[10..<12])
            let ids = try world.machines.map { machine in
                Distance.Place(try #require(machine.setup), at: machine.address)
            }
            // A key that both archivists are among the eight closest to.
            target = try #require(
                (0..<1000).lazy.map { Target(hashing: "key \($0)") }.first { key in
                    let closest = ids[..<12].indices.sorted { ids[$0].distance(to: key) < ids[$1].distance(to: key) }
                    return Set(closest.prefix(6)).isSuperset(of: [10, 11])
                })
            origin = world.now
            let publisher = world.machines[12]
            let identity = try #require(publisher.setup).identity
            entry = try identity.entry([1], version: Version(UInt32(origin.seconds)))
            let command = world.issue(.publish(target, entry), on: publisher)
            world.run(for: .seconds(10))
            guard case .published? = world.outcomes[command] else { throw NotPublished() }
            world.kill(publisher)
        }

        struct NotPublished: Error {}

        /// Whether somebody who looks for the value finds it.
        func isFound() -> Bool {
            let command = world.issue(.find(target), on: world.machines[0])
            world.run(for: .seconds(20))
            guard case .found(let outcome)? = world.outcomes[command] else { return false }
            return outcome.entries.contains(entry)
        }
    }

    @Test func twoArchivesLetGoOfWhatADeadPublisherLeftAndKeepItThemselves() throws {
        let legacy = try Legacy([])
        legacy.world.run(for: legacy.origin + Self.hour + .seconds(10) - legacy.world.now)
        // Nobody would have it any more if the archives had not stored it again.
        #expect(Self.holders(of: legacy.entry, under: legacy.target, in: legacy.world) >= 6)
        legacy.world.run(for: legacy.origin + Self.hour * 2 - legacy.world.now)
        #expect(Self.holders(of: legacy.entry, under: legacy.target, in: legacy.world) == 0)
        #expect(!legacy.isFound())
        legacy.world.run(for: Self.hour)
        for archivist in legacy.archivists {
            let held = try #require(archivist.setup).storage.held(under: legacy.target)
            #expect(held.contains { $0.entry == legacy.entry })
        }
    }

    /// Two that take each other's copies for new values never let go.
    @Test func archivesThatGoByTheLastStoreKeepADeadValueAlive() throws {
        let legacy = try Legacy([.keepsAliveForEver])
        legacy.world.run(for: legacy.origin + Self.hour * 3 - legacy.world.now)
        #expect(Self.holders(of: legacy.entry, under: legacy.target, in: legacy.world) > 0)
        #expect(legacy.isFound())
    }

    // MARK: Many values

    @Test func arcsAreAsLargeAsTheOverlayWantsThemFromTheFirstListOn() throws {
        let overlay = try Self.overlay(nodes: 200, values: 300, ages: .seconds(3601)...Duration.seconds(3602))
        overlay.boot()
        while overlay.node?.republisherSnapshot.activeArcs == 0, overlay.world.now < Instant(seconds: 1_700_000_060) {
            overlay.world.run(for: .milliseconds(100))
        }
        let node = try #require(overlay.node)
        #expect(node.contacts.count < 100)
        #expect((120...320).contains(node.republisherSnapshot.nodes))
    }

    @Test func aRebootedNodeStoresAllAgainWithinTheTimeForetold() throws {
        let rate = 80
        let overlay = try Self.overlay(nodes: 60, values: 120, ages: .zero...Duration.seconds(1800), rate: rate)
        overlay.boot()
        overlay.world.run(for: .seconds(30))
        overlay.world.kill(overlay.archivist)
        overlay.world.run(for: .seconds(3600))
        let start = overlay.world.now
        overlay.ledger.wait(for: overlay.targets, at: start)
        #expect(overlay.ledger.awaited.count == 120)
        let due = overlay.storage.dueKeys(at: start, limit: 1)
        let forecast = Forecast(
            due, nodes: 60, interval: StorageTiming().republishInterval, limits: overlay.limits)
        overlay.meter.reset()
        overlay.boot()
        while overlay.meter.storeCount < 300 { overlay.world.run(for: .seconds(1)) }
        // In the middle of the sweep.
        let doneBefore = 120 - overlay.ledger.awaited.count
        #expect(doneBefore > 0 && doneBefore < 120)
        overlay.world.kill(overlay.archivist)
        overlay.boot()
        while !overlay.ledger.awaited.isEmpty, overlay.world.now - start < .seconds(400) {
            overlay.world.run(for: .seconds(1))
        }
        let completedAt = try #require(overlay.ledger.completedAt)
        let foretold = try #require(forecast.duration)
        #expect(completedAt - start <= foretold)
        #expect(overlay.meter.perPeerMax <= 10 && overlay.meter.storesPerPeerMax <= 5)
        #expect(overlay.ledger.refusedCount == 0)
        // Only what was under way at the kill.
        #expect(overlay.meter.storeCount <= 120 * 8 + 4 * ArcRun.itemsMax * 8)
    }

    @Test func upkeepSendsNoMoreInASecondThanItMay() throws {
        var budget = MaintenanceBudget(isEnabled: true, requestsPerSecond: RepublishLimits().packetsPerSecond)
        var sent: [(count: Int, at: Instant)] = []
        var now = Instant(seconds: 1_700_000_000)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<400 {
            now = now + generator.duration(in: .milliseconds(1)...Duration.milliseconds(400))
            budget.refill(at: now)
            var count = 0
            while budget.hasRoom, count < Int.random(in: 0..<300, using: &generator) {
                budget.spend(at: now)
                count += 1
            }
            sent.append((count, now))
            let inASecond = sent.filter { $0.at > now - .seconds(1) }.reduce(0) { $0 + $1.count }
            #expect(inASecond <= 400)
        }
        #expect(sent.reduce(0) { $0 + $1.count } > 5000)
    }

    private static func overlay(
        nodes: Int, values: Int, ages: ClosedRange<Duration>, rate: Int = 400
    ) throws -> ArchivistWorld {
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.republishLimits.packetsPerSecond = rate
        return try ArchivistWorld(seed: 3, nodes: nodes, values: values, ages: ages, settings: settings)
    }
}

extension Distance {
    /// Where a machine's node stands.
    fileprivate struct Place {
        private let id: NodeID

        init(_ setup: NodeSetup, at address: Address) {
            id = NodeID(host: address.host, mid: setup.identity.publicKey.mid)
        }

        func distance(to target: Target) -> Distance { Distance(id, target) }
    }
}
