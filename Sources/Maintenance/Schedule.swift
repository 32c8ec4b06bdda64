public import IPv8

/// When each of a set of recurring jobs is due next.
///
/// A job that was missed, however often, is due once: after a pause nothing is made up for in a burst.
public struct Schedule<Job: Hashable & Comparable & CaseIterable & Sendable>: Sendable {
    private var dueTimes: [Job: Instant] = [:]
    /// When the next job is due; `nil` where none is planned.
    public private(set) var nextDueTime: Instant?

    /// A schedule on which nothing is due yet.
    public init() {}

    /// Has a job come due at a moment, in place of whatever was planned for it.
    public mutating func plan(_ job: Job, at instant: Instant) {
        let isNext = dueTimes[job].map { $0 == nextDueTime } ?? false
        dueTimes[job] = instant
        nextDueTime = isNext ? dueTimes.values.min() : min(nextDueTime ?? instant, instant)
    }

    /// Takes a job off the schedule.
    public mutating func cancel(_ job: Job) {
        dueTimes[job] = nil
        nextDueTime = dueTimes.values.min()
    }

    /// When a job is due; `nil` where it is not planned.
    public func dueTime(of job: Job) -> Instant? { dueTimes[job] }

    /// Takes off the schedule what is due, earliest first; jobs due at the same moment in their own order.
    public mutating func takeDue(at now: Instant) -> [Job] {
        guard let nextDueTime, nextDueTime <= now else { return [] }
        let due = dueTimes.filter { $0.value <= now }
            .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value < $1.value }
            .map(\.key)
        for job in due { dueTimes[job] = nil }
        self.nextDueTime = dueTimes.values.min()
        return due
    }
}
