internal import Glibc

/// The machine's clocks.
package enum SystemClock {
    /// The time of day, since the beginning of 1970. It steps when somebody sets the clock.
    package static var sinceEpoch: Duration { read(CLOCK_REALTIME) }

    /// The time of day in nanoseconds since the beginning of 1970, to a few milliseconds, for what happens with each
    /// datagram: a fraction of the cost of the others. It wraps around in 2262.
    package static var coarseNanosecondsSinceEpoch: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// How long the machine has been up, sleep included. It never steps.
    package static var sinceBoot: Duration { read(CLOCK_BOOTTIME) }

    /// How much processor time this thread has used.
    package static var usedByThread: Duration { read(CLOCK_THREAD_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
