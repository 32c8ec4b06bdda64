import IPv8
import Kademlia
import Testing

@testable import Archive
@testable import DHTCore
@testable import Simulation

/// A few nodes whose disks are archives: LMDB and SQLite, under power cuts.
@Suite struct RealArchiveWorldTests {
    @Test func whatWasAcknowledgedIsThereAfterPowerCuts() throws {
        var settings = NodeSettings()
        settings.signatures = .modelled
        let world = World(seed: 4, settings: settings)
        let archives = try (0..<6).map { _ in try RealArchive(now: world.now) }
        for (number, archive) in archives.enumerated() {
            world.startNode(
                Identity(number: UInt64(number), .modelled), on: world.addMachine(at: World.publicAddress(number)),
                storage: archive, peers: world.knownPeers(of: number))
        }
        world.run(for: .seconds(30))
        var published: [(machine: Int, target: Target, entry: Entry)] = []
        for round in 0..<4 {
            published += try publish(round, in: world)
            for machine in world.machines where Bool.random(using: &world.generator) {
                world.kill(machine)
                world.boot(machine)
            }
            world.run(for: .seconds(10))
        }
        #expect(published.count >= 8)
        for machine in world.machines { world.kill(machine) }
        for (machine, target, entry) in published {
            #expect(archives[machine].held(under: target).contains { $0.entry == entry })
        }
        for archive in archives {
            archive.follow()
            #expect(try archive.archive.indexDifferences().isEmpty)
            #expect(try archive.archive.statistics().values > 0)
            #expect(archive.failures.isEmpty && archive.archive.damagedRecords.isEmpty)
            try verify(archive)
        }
    }

    /// Has users publish; tells what was acknowledged to them before the power goes.
    private func publish(
        _ round: Int, in world: World
    ) throws -> [(machine: Int, target: Target, entry: Entry)] {
        var asked: [(id: CommandID, machine: Int, target: Target, entry: Entry)] = []
        for machine in world.machines.indices {
            let target = Target(hashing: "key \(round) \(machine)")
            let entry = try Entry(unsigned: [UInt8(round), UInt8(machine)])
            asked.append((world.issue(.publish(target, entry), on: world.machines[machine]), machine, target, entry))
        }
        world.run(for: .milliseconds(Int64.random(in: 200..<1200, using: &world.generator)))
        return asked.filter { if case .published? = world.outcomes[$0.id] { true } else { false } }
            .map { ($0.machine, $0.target, $0.entry) }
    }

    /// Looks over every page, checksum and row.
    private func verify(_ archive: RealArchive) throws {
        archive.close()
        let reader = try ArchiveReader.open(folder: archive.path)
        var findings: [VerifyFinding] = []
        let report = try reader.verify(threads: 1, progress: { _ in }, found: { findings.append($0) })
        // The modelled signatures are none to whoever checks them.
        let faults = findings.filter { !$0.fault.contains("signature") }
        #expect(faults.isEmpty && report.indexNotComparedBecause == nil)
    }
}
