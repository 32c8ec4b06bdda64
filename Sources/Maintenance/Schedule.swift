public import IPv8

/// When each of a set of recurring jobs is due next.
///
/// A job that was missed, however often, is due once: after a pause nothing is made up for in a burst.
///
/// Inlinable, so that it is compiled for the jobs of whoever uses it: it is asked after every datagram.
public struct Schedule<Job: Comparable & CaseIterable & Sendable>: Sendable {
    /// A few, in no order: looking through them is faster than keeping them sorted.
    @usableFromInline
    var planned: [(job: Job, due: Instant)] = []

    /// A schedule on which nothing is due yet.
    @inlinable
    public init() {}

    /// Has a job come due at a moment, in place of whatever was planned for it.
    @inlinable
    public mutating func plan(_ job: Job, at instant: Instant) {
        if let index = planned.firstIndex(where: { $0.job == job }) {
            planned[index].due = instant
        } else {
            planned.append((job, instant))
        }
    }

    /// When a job is due; `nil` where it is not planned.
    @inlinable
    public func dueTime(of job: Job) -> Instant? { planned.first { $0.job == job }?.due }

    /// When the next job is due; `nil` where none is planned.
    @inlinable
    public var nextDueTime: Instant? { planned.min { $0.due < $1.due }?.due }

    /// Takes off the schedule what is due, earliest first; jobs due at the same moment in their own order.
    @inlinable
    public mutating func takeDue(at now: Instant) -> [Job] {
        guard let nextDueTime, nextDueTime <= now else { return [] }
        let due = planned.filter { $0.due <= now }.sorted { ($0.due, $0.job) < ($1.due, $1.job) }
        planned.removeAll { $0.due <= now }
        return due.map { $0.job }
    }
}
