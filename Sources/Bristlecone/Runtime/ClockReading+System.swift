internal import IPv8
internal import Maintenance
internal import Platform

extension ClockReading {
    /// Reads the machine's clocks.
    static func now() -> ClockReading {
        ClockReading(wall: Instant(sinceEpoch: SystemClock.sinceEpoch), sinceBoot: SystemClock.sinceBoot)
    }
}
