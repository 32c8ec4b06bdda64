internal import Glibc
internal import IPv8
internal import Maintenance

extension ClockReading {
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
