/// A moment in time, counted in nanoseconds since the beginning of 1970, UTC.
///
/// Only the program's shell reads a clock; everything below it gets times as arguments. On disk an instant is wall
/// time. While the node runs, the shell derives it from the wall time at the start and a clock that never steps.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z; enough until the year 2262.
    public var nanoseconds: Int64

    /// An instant by nanoseconds since the beginning of 1970.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// An instant by seconds since the beginning of 1970, limited to the last possible one.
    public init(seconds: Int64) { nanoseconds = Duration.seconds(seconds).nanoseconds }

    /// An instant by time since the beginning of 1970, limited to the last possible one: a machine's clock may show a
    /// year after 2262.
    public init(sinceEpoch duration: Duration) { nanoseconds = duration.nanoseconds }

    /// The beginning of 1970: earlier than anything that happens here.
    public static let distantPast = Instant(nanoseconds: 0)

    /// Whole seconds since the beginning of 1970.
    public var seconds: Int64 { nanoseconds / 1_000_000_000 }

    /// A later instant, limited to the last possible one.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// An earlier instant.
    public static func - (instant: Instant, duration: Duration) -> Instant { instant + (.zero - duration) }

    /// The time from the right instant to the left one; negative if the left is earlier. Limited to 64 bits, because
    /// instants are also read from disk.
    public static func - (left: Instant, right: Instant) -> Duration {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return .nanoseconds(overflow ? (left < right ? .min : .max) : difference)
    }

    /// Orders moments by time.
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The duration in nanoseconds, limited to 64 bits (292 years).
    package var nanoseconds: Int64 {
        // A 64-bit division is fast. 64 bits can represent the attoseconds of up to nine seconds or, without the
        // divisor's nine zero bits, of more than an hour.
        if let few = Int64(exactly: attoseconds) { return few / 1_000_000_000 }
        if let more = UInt64(exactly: attoseconds >> 9) { return Int64(more / (1_000_000_000 >> 9)) }
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
