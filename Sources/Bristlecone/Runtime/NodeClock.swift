internal import Glibc
internal import IPv8

/// What the machine's clocks show at one moment.
struct ClockReading: Sendable {
    /// The time of day, which somebody may set.
    var wall: Instant
    /// The time since the machine was started, with the time that it was suspended; never set.
    var sinceBoot: Duration

    /// Reads the machine's clocks.
    static func now() -> ClockReading {
        ClockReading(wall: Instant(nanoseconds: read(CLOCK_REALTIME)), sinceBoot: .nanoseconds(read(CLOCK_BOOTTIME)))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// What a node's clock says at one moment.
struct ClockMoment: Sendable {
    /// The node's time.
    var now: Instant
    /// Whether it has been steady for long enough to delete by age.
    var isSteady: Bool
}

/// The time that a node goes by: the time of day at its start, plus the time that has passed since.
///
/// Setting the machine's clock does not move it at once. A step of more than five minutes is followed once it has held
/// for ten: so an operator's slip, taken back soon, expires nothing.
struct NodeClock: Sendable {
    private var wallAtBoot: Instant
    private var step: (by: Duration, seenAt: Duration)?
    /// Since when, after boot, the machine's clock has agreed with the node's.
    private var agreesSince: Duration

    private static let stepIgnored: Duration = .seconds(5 * 60)
    private static let stepHolds: Duration = .seconds(10 * 60)
    /// Two looks at the clock see the same step if they differ by less.
    private static let stepTolerance: Duration = .seconds(60)
    /// What is deleted by age waits until no step has been seen for this long.
    private static let steadyAfter: Duration = .seconds(3600)

    init(_ reading: ClockReading) {
        wallAtBoot = reading.wall - reading.sinceBoot
        agreesSince = reading.sinceBoot
    }

    /// The node's time at a reading, and whether deleting by age can rely on it.
    func moment(of reading: ClockReading) -> ClockMoment {
        let agrees = magnitude(reading.wall - instant(of: reading)) <= NodeClock.stepIgnored
        let isSteady = agrees && reading.sinceBoot - agreesSince >= NodeClock.steadyAfter
        return ClockMoment(now: instant(of: reading), isSteady: isSteady)
    }

    /// The node's time at a reading.
    func instant(of reading: ClockReading) -> Instant { wallAtBoot + reading.sinceBoot }

    /// Looks whether the machine's clock has been set. Returns by how much the node's time moves with it, if it does.
    mutating func observe(_ reading: ClockReading) -> Duration? {
        let difference = reading.wall - instant(of: reading)
        guard magnitude(difference) > NodeClock.stepIgnored else {
            step = nil
            return nil
        }
        agreesSince = reading.sinceBoot
        guard let known = step, magnitude(difference - known.by) < NodeClock.stepTolerance else {
            step = (difference, reading.sinceBoot)
            return nil
        }
        guard reading.sinceBoot - known.seenAt >= NodeClock.stepHolds else { return nil }
        wallAtBoot = wallAtBoot + difference
        step = nil
        return difference
    }

    private func magnitude(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
}
