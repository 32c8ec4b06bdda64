public import IPv8

/// The due times of a set of recurring tasks.
///
/// A task that was missed, however often, is due once, so there is no burst after a pause.
///
/// Inlinable, because the core asks it after every datagram.
public struct Schedule<Job: Comparable & CaseIterable & Sendable>: Sendable {
    /// A few tasks in no order: searching them is faster than keeping them sorted.
    @usableFromInline
    var planned: [(job: Job, due: Instant)] = []

    /// An empty schedule.
    @inlinable
    public init() {}

    /// Sets a task's due time, replacing an earlier one.
    @inlinable
    public mutating func plan(_ job: Job, at instant: Instant) {
        if let index = planned.firstIndex(where: { $0.job == job }) {
            planned[index].due = instant
        } else {
            planned.append((job, instant))
        }
    }

    /// When a task is due; `nil` if it is not scheduled.
    @inlinable
    public func dueTime(of job: Job) -> Instant? { planned.first { $0.job == job }?.due }

    /// When the next task is due; `nil` if none is scheduled.
    @inlinable
    public var nextDueTime: Instant? { planned.min { $0.due < $1.due }?.due }

    /// Removes and returns the due tasks, earliest first; tasks due at the same time in their own order.
    @inlinable
    public mutating func takeDue(at now: Instant) -> [Job] {
        guard let nextDueTime, nextDueTime <= now else { return [] }
        let due = planned.filter { $0.due <= now }.sorted { ($0.due, $0.job) < ($1.due, $1.job) }
        planned.removeAll { $0.due <= now }
        return due.map { $0.job }
    }
}
