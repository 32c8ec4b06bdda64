import IPv8
import Maintenance
import Testing

@Suite struct ScheduleTests {
    private enum Job: Int, CaseIterable, Comparable {
        case sweep, dust, polish
        static func < (left: Job, right: Job) -> Bool { left.rawValue < right.rawValue }
    }

    private let start = Instant(seconds: 1000)

    @Test func aJobIsTakenOnceItIsDueAndOnlyOnce() {
        var schedule = Schedule<Job>()
        schedule.plan(.dust, at: start + .seconds(10))
        #expect(schedule.takeDue(at: start + .seconds(9)) == [])
        #expect(schedule.takeDue(at: start + .seconds(10)) == [.dust])
        #expect(schedule.takeDue(at: start + .seconds(99)) == [])
        #expect(schedule.nextDueTime == nil)
    }

    @Test func jobsComeEarliestFirstThenInTheirOwnOrder() {
        var schedule = Schedule<Job>()
        schedule.plan(.polish, at: start)
        schedule.plan(.sweep, at: start + .seconds(1))
        schedule.plan(.dust, at: start)
        #expect(schedule.nextDueTime == start)
        #expect(schedule.takeDue(at: start + .seconds(1)) == [.dust, .polish, .sweep])
    }

    @Test func planningAgainReplaces() {
        var schedule = Schedule<Job>()
        schedule.plan(.dust, at: start)
        schedule.plan(.dust, at: start + .seconds(5))
        #expect(schedule.takeDue(at: start) == [])
        #expect(schedule.dueTime(of: .dust) == start + .seconds(5))
        #expect(schedule.takeDue(at: start + .seconds(5)) == [.dust])
    }
}
