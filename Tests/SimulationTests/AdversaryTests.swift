import Testing

@testable import Simulation

/// What adversaries attempt on an overlay of our nodes, and with what result. A debug build takes minutes for what takes
/// a release build seconds, so this runs two attacks. `tools/test` runs all of them with `simulate attack`, those that
/// rely on a defence also without it.
@Suite struct AdversaryTests {
    @Test func attackIsHeldOff() throws {
        let report = try #require(Attack.named("tokens")).run(seed: 1)
        for measure in report.measures where !measure.isHeld {
            let replay = "swift run -c release Simulate attack \(report.attack) --seed \(report.seed)"
            Issue.record("\(measure.what): \(measure.value), which is to be \(measure.bound); \(replay)")
        }
    }

    @Test func theSameSeedGivesTheSameReport() throws {
        let attack = try #require(Attack.named("tokens"))
        #expect(attack.run(seed: 3).measures.map(\.value) == attack.run(seed: 3).measures.map(\.value))
    }

    @Test func attackSucceedsWithoutTheDefenceThatItRunsInto() throws {
        let attack = try #require(Attack.named("rollback"))
        let defence = try #require(attack.reliesOn)
        let report = attack.run(seed: 1, without: defence)
        #expect(!report.isHeld)
        #expect(attack.complaint(aboutDefenceless: [report]) == nil)
    }

    @Test func aBoundThatDoesNotHoldIsComplainedAbout() {
        let attack = Attack("made-up", "", reliesOn: .floors) { _ in [] }
        #expect(attack.complaint(about: [report(1), report(1)]) == nil)
        #expect(attack.complaint(about: [report(1), report(0)]) != nil)
        #expect(attack.complaint(aboutDefenceless: [report(0), report(0)]) == nil)
        #expect(attack.complaint(aboutDefenceless: [report(0), report(1)]) != nil)
    }

    @Test func aKnownWeaknessThatIsNoneIsComplainedAbout() {
        let attack = Attack("made-up", "", knownWeakness: "It is weak.") { _ in [] }
        #expect(attack.complaint(about: [report(0), report(0)]) == nil)
        #expect(attack.complaint(about: [report(0), report(1)]) == nil)
        #expect(attack.complaint(about: [report(1), report(1)]) != nil)
    }

    /// A report of a measure that is to be 1.
    private func report(_ value: Double) -> AttackReport {
        AttackReport(attack: "made-up", seed: 1, measures: [.atLeast(1, "something", value)])
    }

    /// Whatever has not been looked for has not been found.
    @Test func noLookupsAreNoSuccess() {
        let siege = Siege(of: Attack.Overlay(count: 2, settle: .seconds(1)), seed: 1, without: nil)
        defer { siege.end() }
        let measures = siege.measures(of: [], atLeast: 1)
        #expect(measures.map(\.isHeld) == [false, false])
    }

    /// What an adversary runs knows the siege, whose machines it runs on.
    @Test func aSiegeThatHasEndedIsGone() {
        weak var gone: Siege?
        do {
            let siege = Siege(of: Attack.Overlay(count: 2, settle: .seconds(1)), seed: 1, without: nil)
            gone = siege
            siege.start(
                Assailant(every: .seconds(1)) { _, _ in _ = siege.newIdentity() },
                at: siege.address(inNetwork: 0, host: 1))
            siege.world.run(for: .seconds(2))
            siege.end()
        }
        #expect(gone == nil)
    }
}
