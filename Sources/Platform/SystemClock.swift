internal import Glibc

/// The machine's clocks.
package enum SystemClock {
    /// The time of day, since the beginning of 1970. It steps when somebody sets the clock.
    package static var sinceEpoch: Duration { read(CLOCK_REALTIME) }

    /// The same to a few milliseconds, at a fraction of the cost.
    package static var coarseSinceEpoch: Duration { read(CLOCK_REALTIME_COARSE) }

    /// How long the machine has been up, sleep included. It never steps.
    package static var sinceBoot: Duration { read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
