package import IPv8

extension Words {
    /// A time in UTC, in ISO 8601: `2026-02-03T12:00:00Z`.
    package static func moment(_ instant: Instant) -> String { instant.iso8601(fractionDigits: 0) }

    /// A time and its distance from now: `2026-02-03T12:00:00Z (3 h 12 min ago)`.
    package static func moment(_ instant: Instant, at now: Instant) -> String {
        let distance = instant <= now ? "\(age(now - instant)) ago" : "in \(age(instant - now))"
        return "\(moment(instant)) (\(distance))"
    }

    /// A time's distance from now, in one unit: `3 h ago`, `in 47 min`.
    package static func distance(_ instant: Instant, from now: Instant) -> String {
        instant <= now ? "\(unit(now - instant)) ago" : "in \(unit(instant - now))"
    }

    private static func unit(_ duration: Duration) -> String {
        let seconds = Int(duration.nanoseconds / 1_000_000_000)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }
}
