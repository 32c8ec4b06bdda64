package import IPv8

/// A reading of the machine's clocks.
package struct ClockReading: Sendable {
    /// The wall time, which somebody may set.
    package var wall: Instant
    /// The time since boot, including suspended time; nobody can set it.
    package var sinceBoot: Duration

    package init(wall: Instant, sinceBoot: Duration) {
        self.wall = wall
        self.sinceBoot = sinceBoot
    }
}

/// A reading of the archive's clock.
package struct ClockMoment: Sendable {
    /// The archive's time.
    package var now: Instant
    /// Whether it has been steady for long enough to delete by age.
    package var isSteady: Bool
}

/// A node's two times.
///
/// The core's time is the wall time at the start plus the time that has passed since. It never steps, so timers always
/// fire. The archive's time goes to the disk and to other nodes. If the machine's clock is set by more than five
/// minutes, the archive's time follows once the step has lasted for ten minutes. So an operator's slip that is soon
/// corrected expires nothing. ``offset`` converts between the two.
///
/// A clock that starts before the newest change in the archive is certainly wrong, as on a machine that boots in 1970
/// and learns the time later. As soon as it is set past that change, the archive's time follows, without the ten
/// minutes.
package struct NodeClock: Sendable {
    /// How far the archive's time is ahead of the core's.
    package private(set) var offset = Duration.zero
    private let wallAtBoot: Instant
    private var step: (by: Duration, seenAt: Duration)?
    /// Since when, after boot, the machine's clock has agreed with the archive's time.
    private var agreesSince: Duration
    /// The newest change in the archive, while the archive's time is before it.
    private var newestChange: Instant?

    /// The last time that a version can express, in February 2106. The node ignores a clock beyond it, because nobody
    /// could ever replace a value that was signed then.
    package static let latest = Instant(seconds: Int64(UInt32.max))
    private static let stepIgnored: Duration = .seconds(5 * 60)
    /// Two readings show the same step if they differ by less.
    private static let stepTolerance: Duration = .seconds(60)
    /// How long a step has to last before the archive's time follows.
    private let stepHolds: Duration
    /// Deletion by age waits until the clock has been steady for this long.
    private let steadyAfter: Duration

    /// Starts with a reading of the machine's clocks.
    ///
    /// - Parameters:
    ///   - newestChange: the time of the newest change in the archive, if there is one.
    ///   - factor: how many hours of a simulation pass in one hour; its clocks are trusted that much sooner.
    package init(_ reading: ClockReading, newestChange: Instant? = nil, hastenedBy factor: Int = 1) {
        self.newestChange = newestChange.flatMap { $0 > reading.wall ? $0 : nil }
        wallAtBoot = reading.wall - reading.sinceBoot
        agreesSince = reading.sinceBoot
        stepHolds = .seconds(10 * 60) / factor
        steadyAfter = .seconds(3600) / factor
    }

    package func coreTime(at reading: ClockReading) -> Instant { wallAtBoot + reading.sinceBoot }

    package func archiveTime(at reading: ClockReading) -> Instant { coreTime(at: reading) + offset }

    /// The archive's time at a reading, and whether deletion by age can rely on it: for an hour the node has run and
    /// nobody has set the machine's clock.
    package func moment(of reading: ClockReading) -> ClockMoment {
        let now = archiveTime(at: reading)
        let agrees = magnitude(reading.wall - now) <= NodeClock.stepIgnored
        return ClockMoment(
            now: now, isSteady: agrees && reading.sinceBoot - agreesSince >= steadyAfter)
    }

    /// How far the archive's time is behind the newest change that was in the archive at the start; zero if it is not
    /// behind.
    package func lag(at reading: ClockReading) -> Duration {
        newestChange.map { max($0 - archiveTime(at: reading), .zero) } ?? .zero
    }

    /// Follows the machine's clock immediately if it has been set past the newest change in the archive. Cheap enough
    /// for every reading.
    ///
    /// - Returns: the change of the archive's time, if there is one.
    package mutating func catchUp(_ reading: ClockReading) -> Duration? {
        guard let newestChange else { return nil }
        let now = archiveTime(at: reading)
        if now >= newestChange { self.newestChange = nil }
        guard now < newestChange, reading.wall >= newestChange, reading.wall <= NodeClock.latest else { return nil }
        self.newestChange = nil
        return follow(reading, by: reading.wall - now)
    }

    /// Checks whether the machine's clock has been set. Returns the change of the archive's time, if there is one.
    package mutating func observe(_ reading: ClockReading) -> Duration? {
        if let step = catchUp(reading) { return step }
        let difference = reading.wall - archiveTime(at: reading)
        guard magnitude(difference) > NodeClock.stepIgnored else {
            step = nil
            return nil
        }
        agreesSince = reading.sinceBoot
        guard reading.wall <= NodeClock.latest else {
            step = nil
            return nil
        }
        guard let known = step, magnitude(difference - known.by) < NodeClock.stepTolerance else {
            step = (difference, reading.sinceBoot)
            return nil
        }
        guard reading.sinceBoot - known.seenAt >= stepHolds else { return nil }
        return follow(reading, by: difference)
    }

    private mutating func follow(_ reading: ClockReading, by difference: Duration) -> Duration {
        agreesSince = reading.sinceBoot
        offset += difference
        step = nil
        return difference
    }

    private func magnitude(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
}
