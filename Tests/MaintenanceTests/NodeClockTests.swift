import IPv8
import Testing

@testable import Maintenance

@Suite struct NodeClockTests {
    private let start = ClockReading(wall: Instant(seconds: 1_700_000_000), sinceBoot: .seconds(500))

    /// What the clocks show so long after the start, where somebody has set the time of day by so much.
    private func reading(after passed: Duration, setBy step: Duration = .zero) -> ClockReading {
        ClockReading(wall: start.wall + passed + step, sinceBoot: start.sinceBoot + passed)
    }

    @Test func timePassesAsTheUnsettableClockSays() {
        let clock = NodeClock(start)
        #expect(clock.coreTime(at: start) == start.wall && clock.archiveTime(at: start) == start.wall)
        #expect(clock.coreTime(at: reading(after: .seconds(60), setBy: .seconds(9999))) == start.wall + .seconds(60))
        #expect(clock.archiveTime(at: reading(after: .seconds(60), setBy: .seconds(9999))) == start.wall + .seconds(60))
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(-3600), .seconds(400 * 86_400)])
    func aLargeStepIsFollowedOnceItHasHeldForTenMinutes(step: Duration) {
        var clock = NodeClock(start)
        #expect(clock.observe(reading(after: .seconds(60), setBy: step)) == nil)
        #expect(clock.observe(reading(after: .seconds(659), setBy: step)) == nil)
        #expect(clock.observe(reading(after: .seconds(660), setBy: step)) == step)
        let later = reading(after: .seconds(700), setBy: step)
        #expect(clock.archiveTime(at: later) == later.wall && clock.offset == step)
        // The core's time goes on as if nothing had happened, or its timers would not fire.
        #expect(clock.coreTime(at: later) == start.wall + .seconds(700))
        #expect(clock.observe(later) == nil)
    }

    @Test func aStepThatIsTakenBackIsForgotten() {
        var clock = NodeClock(start)
        #expect(clock.observe(reading(after: .seconds(60), setBy: .seconds(3600))) == nil)
        #expect(clock.observe(reading(after: .seconds(300))) == nil)
        #expect(clock.observe(reading(after: .seconds(600), setBy: .seconds(3600))) == nil)
        #expect(clock.observe(reading(after: .seconds(1000), setBy: .seconds(3600))) == nil)
        #expect(clock.archiveTime(at: reading(after: .seconds(1000))) == start.wall + .seconds(1000))
    }

    @Test func aStepThatChangesBeginsItsTenMinutesAnew() {
        var clock = NodeClock(start)
        #expect(clock.observe(reading(after: .seconds(60), setBy: .seconds(3600))) == nil)
        #expect(clock.observe(reading(after: .seconds(500), setBy: .seconds(7200))) == nil)
        #expect(clock.observe(reading(after: .seconds(700), setBy: .seconds(7200))) == nil)
        #expect(clock.observe(reading(after: .seconds(1100), setBy: .seconds(7200))) == .seconds(7200))
    }

    @Test func smallDifferencesAreLeftAlone() {
        var clock = NodeClock(start)
        for minute in 1...60 {
            #expect(clock.observe(reading(after: .seconds(60 * minute), setBy: .seconds(299))) == nil)
        }
    }

    @Test func theClockIsSteadyAfterAnHourInWhichNobodySetIt() {
        var clock = NodeClock(start)
        #expect(!clock.moment(of: reading(after: .seconds(3599))).isSteady)
        #expect(clock.moment(of: reading(after: .seconds(3600))).isSteady)
        _ = clock.observe(reading(after: .seconds(4000), setBy: .seconds(900)))
        #expect(!clock.moment(of: reading(after: .seconds(8000), setBy: .seconds(900))).isSteady)
        #expect(clock.observe(reading(after: .seconds(8100))) == nil)
        #expect(clock.moment(of: reading(after: .seconds(8100))).isSteady)
    }

    @Test func isSteadyAfterAnHourWithoutAStep() {
        let wall = Instant(seconds: 1_700_000_000)
        let reading = { (sinceBoot: Int, off: Int) in
            ClockReading(wall: wall + .seconds(sinceBoot + off), sinceBoot: .seconds(sinceBoot))
        }
        var clock = NodeClock(reading(0, 0))
        #expect(!clock.moment(of: reading(3599, 0)).isSteady)
        #expect(clock.moment(of: reading(3600, 0)).isSteady)
        #expect(clock.moment(of: reading(3600, 200)).isSteady)
        #expect(!clock.moment(of: reading(3600, 400)).isSteady)
        #expect(clock.observe(reading(4000, 400)) == nil)
        #expect(!clock.moment(of: reading(4001, 0)).isSteady)
        #expect(clock.observe(reading(4060, 0)) == nil)
        #expect(!clock.moment(of: reading(7599, 0)).isSteady)
        #expect(clock.moment(of: reading(7600, 0)).isSteady)
        // A step that is followed sets the hour back too.
        #expect(clock.observe(reading(8000, 9000)) == nil)
        #expect(clock.observe(reading(8600, 9000)) == .seconds(9000))
        #expect(!clock.moment(of: reading(12_000, 9000)).isSteady)
        #expect(clock.moment(of: reading(12_200, 9000)).isSteady)
    }
}
