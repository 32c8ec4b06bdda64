import DHTCore
import IPv8
import Testing

@testable import Simulation

@Suite struct RunDigestTests {
    private func digest(seed: UInt64 = 3, shardCount: Int = 1, sabotage: Set<Sabotage> = []) -> String {
        RunDigest.digest {
            var settings = NodeSettings()
            settings.signatures = .modelled
            settings.sabotage = sabotage
            let world = World(seed: seed, settings: settings, shardCount: shardCount)
            world.addNodes(6, spacing: .milliseconds(50))
            world.run(for: .seconds(10))
            _ = world.issue(.find(Target(hashing: "anything")), on: world.machines[2])
            world.run(for: .seconds(5))
        }
    }

    @Test func sameRunHasSameDigest() {
        #expect(digest() == digest())
        #expect(digest() == digest(shardCount: 3))
    }

    @Test func otherSeedOrBehaviourHasOtherDigest() {
        #expect(digest() != digest(seed: 4))
        #expect(digest() != digest(sabotage: [.trustsHearsay]))
    }

    @Test func effectsAndInputsCountOneByOne() throws {
        let entry = try Entry(unsigned: [1])
        let target = Target(hashing: "key")
        let published = StoreChange(
            target: target, entries: [entry], expiresAt: Instant(seconds: 5), provenance: .publishedHere)
        var later = published
        later.expiresAt = Instant(seconds: 6)
        let effects: [Effect] = [
            .drawTokenSecret, .callLocalNetwork, .commit(WorkID(1), published), .commit(WorkID(2), published),
            .commit(WorkID(1), later), .load(WorkID(1), target: target, offset: 0, limit: 8),
            .load(WorkID(1), target: target, offset: 8, limit: 8),
        ]
        let digests = effects.map { effect in
            let machine = MachineDigest()
            machine.add(.timerFired, at: Instant(seconds: 1), [effect], nextWakeUp: nil)
            return machine.finish()
        }
        #expect(Set(digests).count == effects.count)
    }
}
