internal import Glibc
internal import IPv8
internal import Maintenance

extension ClockReading {
    /// Reads the machine's clocks.
    static func now() -> ClockReading {
        ClockReading(wall: Instant(sinceEpoch: read(CLOCK_REALTIME)), sinceBoot: read(CLOCK_BOOTTIME))
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
