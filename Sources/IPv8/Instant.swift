/// A moment in time, counted in nanoseconds since the beginning of 1970, UTC.
///
/// Nothing below the program's shell reads a clock: every moment comes in as an argument. On disk an instant is wall
/// time; while the node runs, the shell derives it from the wall time at start and a clock that never steps.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z; enough until the year 2262.
    public var nanoseconds: Int64

    /// The moment so many nanoseconds after the beginning of 1970.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The moment so many seconds after the beginning of 1970; the last one there is where it would not fit.
    public init(seconds: Int64) { nanoseconds = Duration.seconds(seconds).nanoseconds }

    /// The moment so long after the beginning of 1970; the last one there is where it would not fit, as with a machine's
    /// clock that shows a year beyond 2262.
    public init(sinceEpoch duration: Duration) { nanoseconds = duration.nanoseconds }

    /// The beginning of 1970: earlier than anything that happens here.
    public static let distantPast = Instant(nanoseconds: 0)

    /// Whole seconds since the beginning of 1970.
    public var seconds: Int64 { nanoseconds / 1_000_000_000 }

    /// The moment later by a duration; the last one there is where it would not fit.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The moment earlier by a duration.
    public static func - (instant: Instant, duration: Duration) -> Instant { instant + (.zero - duration) }

    /// The time from the right moment to the left one; negative where the left is earlier. Held within what 64 bits can
    /// say, since moments are also read from disk.
    public static func - (left: Instant, right: Instant) -> Duration {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return .nanoseconds(overflow ? (left < right ? .min : .max) : difference)
    }

    /// Orders moments by time.
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The duration in nanoseconds, held within what 64 bits can say (292 years).
    public var nanoseconds: Int64 {
        // A division of 64 bits is fast, and they hold the attoseconds of up to nine seconds or, without the nine bits that
        // the divisor has to spare, of more than an hour.
        if let few = Int64(exactly: attoseconds) { return few / 1_000_000_000 }
        if let more = UInt64(exactly: attoseconds >> 9) { return Int64(more / (1_000_000_000 >> 9)) }
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
