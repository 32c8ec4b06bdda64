package import IPv8

/// What the machine's clocks show at one moment.
package struct ClockReading: Sendable {
    /// The time of day, which somebody may set.
    package var wall: Instant
    /// The time since the machine was started, with the time that it was suspended; never set.
    package var sinceBoot: Duration

    package init(wall: Instant, sinceBoot: Duration) {
        self.wall = wall
        self.sinceBoot = sinceBoot
    }
}

/// What the archive's clock says at one moment.
package struct ClockMoment: Sendable {
    /// The archive's time.
    package var now: Instant
    /// Whether it has been steady for long enough to delete by age.
    package var isSteady: Bool
}

/// The two times that a node goes by.
///
/// The core's time is the time of day at the start plus the time that has passed since. It never steps, so nothing that
/// waits for it waits for ever. The archive's time, which is what goes to the disk and to others, follows the machine's
/// clock where that has been set by more than five minutes, once the step has held for ten: so an operator's slip, taken
/// back soon, expires nothing. What crosses from one to the other is moved by ``offset``.
///
/// A clock that starts before the newest change in the archive is certainly wrong, as on a machine that boots in 1970 and
/// learns the time later. As soon as it is set past that change, the archive's time follows, without the ten minutes.
package struct NodeClock: Sendable {
    /// How far the archive's time is ahead of the core's.
    package private(set) var offset = Duration.zero
    private let wallAtBoot: Instant
    private var step: (by: Duration, seenAt: Duration)?
    /// Since when, after boot, the machine's clock has agreed with the archive's.
    private var agreesSince: Duration
    /// The newest change in the archive, while the archive's time is before it.
    private var newestChange: Instant?

    /// The last moment that the version of a value can express; in February 2106. A clock beyond it is not followed: what
    /// is signed by it could never be replaced.
    package static let latest = Instant(seconds: Int64(UInt32.max))
    private static let stepIgnored: Duration = .seconds(5 * 60)
    /// Two looks at the clock see the same step if they differ by less.
    private static let stepTolerance: Duration = .seconds(60)
    /// How long a step has to hold before it is followed.
    private let stepHolds: Duration
    /// What is deleted by age waits until the clock has run undisturbed for this long.
    private let steadyAfter: Duration

    /// A clock that begins with what the machine's show.
    ///
    /// - Parameters:
    ///   - newestChange: the time of the newest change in the archive, if there is one.
    ///   - factor: how many hours of a simulation pass in one, so that its clocks are trusted as much sooner.
    package init(_ reading: ClockReading, newestChange: Instant? = nil, hastenedBy factor: Int = 1) {
        self.newestChange = newestChange.flatMap { $0 > reading.wall ? $0 : nil }
        wallAtBoot = reading.wall - reading.sinceBoot
        agreesSince = reading.sinceBoot
        stepHolds = .seconds(10 * 60) / factor
        steadyAfter = .seconds(3600) / factor
    }

    package func coreTime(at reading: ClockReading) -> Instant { wallAtBoot + reading.sinceBoot }

    package func archiveTime(at reading: ClockReading) -> Instant { coreTime(at: reading) + offset }

    /// The archive's time at a reading, and whether deleting by age can rely on it: the node has run, and nobody has set
    /// the machine's clock, for an hour.
    package func moment(of reading: ClockReading) -> ClockMoment {
        let now = archiveTime(at: reading)
        let agrees = magnitude(reading.wall - now) <= NodeClock.stepIgnored
        return ClockMoment(
            now: now, isSteady: agrees && reading.sinceBoot - agreesSince >= steadyAfter)
    }

    /// How far the archive's time is behind the newest change that was in the archive at the start; zero if it is not.
    package func lag(at reading: ClockReading) -> Duration {
        newestChange.map { max($0 - archiveTime(at: reading), .zero) } ?? .zero
    }

    /// Follows the machine's clock at once if it has been set past the newest change in the archive. Cheap enough for
    /// every reading.
    ///
    /// - Returns: by how much the archive's time moves, if it does.
    package mutating func catchUp(_ reading: ClockReading) -> Duration? {
        guard let newestChange else { return nil }
        let now = archiveTime(at: reading)
        if now >= newestChange { self.newestChange = nil }
        guard now < newestChange, reading.wall >= newestChange, reading.wall <= NodeClock.latest else { return nil }
        self.newestChange = nil
        return follow(reading, by: reading.wall - now)
    }

    /// Looks whether the machine's clock has been set. Returns by how much the archive's time moves with it, if it does.
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
