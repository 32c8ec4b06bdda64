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

    /// What a machine shows that has booted in 1970, and since somebody has set its clock.
    private func booted(after passed: Duration, wall: Instant? = nil) -> ClockReading {
        ClockReading(wall: wall ?? Instant(seconds: 40) + passed, sinceBoot: .seconds(40) + passed)
    }

    @Test func aStepPastTheNewestChangeIsFollowedAtOnce() {
        let newest = start.wall
        var clock = NodeClock(booted(after: .zero), newestChange: newest)
        #expect(clock.lag(at: booted(after: .seconds(5))) == newest - Instant(seconds: 45))
        #expect(clock.catchUp(booted(after: .seconds(5))) == nil)
        // Set, but still wrong: this takes the ten minutes.
        #expect(clock.catchUp(booted(after: .seconds(6), wall: newest - .seconds(1))) == nil)
        let right = booted(after: .seconds(7), wall: newest + .seconds(3600))
        #expect(clock.catchUp(right) == right.wall - Instant(seconds: 47))
        #expect(clock.archiveTime(at: right) == right.wall && clock.lag(at: right) == .zero)
        #expect(clock.coreTime(at: right) == Instant(seconds: 47))
        #expect(!clock.moment(of: right).isSteady)
        // Once is all: the next step has to hold.
        #expect(clock.catchUp(booted(after: .seconds(8), wall: newest + .seconds(90_000))) == nil)
        #expect(clock.observe(booted(after: .seconds(8), wall: newest + .seconds(90_000))) == nil)
    }

    @Test func aStepPastTheNewestChangeIsFollowedHoweverSmall() {
        var clock = NodeClock(start, newestChange: start.wall + .seconds(20))
        #expect(clock.observe(reading(after: .seconds(1), setBy: .seconds(30))) == .seconds(30))
    }

    @Test func aClockThatIsNotBehindTheArchiveWaitsAsEver() {
        for newest in [nil, start.wall, start.wall - .seconds(9999)] {
            var clock = NodeClock(start, newestChange: newest)
            #expect(clock.lag(at: start) == .zero)
            #expect(clock.catchUp(reading(after: .seconds(60), setBy: .seconds(3600))) == nil)
        }
        // It has caught up by itself.
        var clock = NodeClock(start, newestChange: start.wall + .seconds(20))
        #expect(clock.catchUp(reading(after: .seconds(30))) == nil)
        #expect(clock.catchUp(reading(after: .seconds(31), setBy: .seconds(3600))) == nil)
    }

    @Test func aClockBeyondTheLastVersionIsNotFollowed() {
        var clock = NodeClock(start, newestChange: start.wall + .seconds(20))
        for late in [NodeClock.latest + .seconds(1), Instant(nanoseconds: .max)] {
            for seconds in [1, 700, 7000] {
                let reading = ClockReading(wall: late, sinceBoot: start.sinceBoot + .seconds(seconds))
                #expect(clock.observe(reading) == nil)
                #expect(clock.archiveTime(at: reading) == start.wall + .seconds(seconds))
                #expect(!clock.moment(of: reading).isSteady)
            }
        }
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func noReadingOfTheClockOverflows(nanoseconds: Int64) {
        let strange = ClockReading(wall: Instant(nanoseconds: nanoseconds), sinceBoot: .seconds(500))
        for newest in [nil, Instant(nanoseconds: .min), Instant(nanoseconds: .max)] {
            for (first, second) in [(strange, start), (start, strange), (strange, strange)] {
                var clock = NodeClock(first, newestChange: newest)
                for passed in [Duration.zero, .seconds(700), .seconds(90_000)] {
                    let reading = ClockReading(wall: second.wall, sinceBoot: second.sinceBoot + passed)
                    _ = (clock.observe(reading), clock.lag(at: reading), clock.moment(of: reading))
                }
                #expect(abs(clock.offset.components.seconds) <= Int64.max / 1_000_000_000)
            }
        }
    }
}
