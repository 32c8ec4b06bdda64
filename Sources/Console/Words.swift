package import IPv8

/// Numbers and times in words.
package enum Words {
    /// `1 node`, `2 nodes`.
    package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// A short time: `0.8 ms`, `41 ms`, `1.24 s`.
    package static func time(_ duration: Duration) -> String {
        let seconds = Double(duration.nanoseconds) / 1e9
        if seconds < 0.01 { return "\(rounded(seconds * 1000, 10)) ms" }
        if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
        return "\(rounded(seconds, 100)) s"
    }

    /// A long time, in its two largest units: `3 h 12 min`.
    package static func age(_ duration: Duration) -> String {
        let seconds = Int(duration.nanoseconds / 1_000_000_000)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86400) d \(seconds % 86400 / 3600) h"
        }
    }

    /// An amount of space: `3.4 MiB`.
    package static func space(_ bytes: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var amount = Double(bytes)
        var unit = 0
        while amount >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : "\(rounded(amount, 10)) \(units[unit])"
    }

    private static func rounded(_ number: Double, _ parts: Double) -> Double { (number * parts).rounded() / parts }
}

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
