import Simulation
import Testing

/// What adversaries attempt on an overlay of nodes of ours, and what comes of it: in one world here, in many by
/// `simulate attack`.
@Suite struct AdversaryTests {
    @Test(arguments: Attack.all.map(\.name))
    func attackIsHeldOff(name: String) throws {
        let attack = try #require(Attack.named(name))
        let report = attack.run(seed: 1)
        guard let weakness = attack.knownWeakness else { return expectHeld(report) }
        withKnownIssue(Comment(rawValue: weakness)) { expectHeld(report) }
    }

    private func expectHeld(_ report: AttackReport) {
        for measure in report.measures where !measure.isHeld {
            let replay = "simulate attack \(report.attack) --seed \(report.seed)"
            Issue.record("\(measure.what): \(measure.value), which is to be \(measure.bound); \(replay)")
        }
    }

    @Test func theSameSeedGivesTheSameReport() throws {
        let attack = try #require(Attack.named("rollback"))
        #expect(attack.run(seed: 3).measures.map(\.value) == attack.run(seed: 3).measures.map(\.value))
    }

    @Test(arguments: Attack.all.filter { $0.reliesOn != nil }.map(\.name))
    func attackSucceedsWithoutTheDefenceThatItRunsInto(name: String) throws {
        let attack = try #require(Attack.named(name))
        #expect(!attack.run(seed: 1, without: attack.reliesOn).isHeld)
    }
}
