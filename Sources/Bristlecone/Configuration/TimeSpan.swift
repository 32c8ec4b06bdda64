/// A length of time, which people write as `30 days`, `12 hours` or `forever`.
public struct TimeSpan: Sendable, Hashable, Comparable {
    /// The number of seconds; `nil` stands for no end.
    public let seconds: Int?

    /// No end.
    public static let forever = TimeSpan(seconds: nil)

    /// So many seconds.
    public init(seconds: Int?) { self.seconds = seconds }

    /// So many times 24 hours.
    public static func days(_ count: Int) -> TimeSpan { TimeSpan(seconds: count * 86_400) }

    /// The duration; `nil` stands for no end.
    var duration: Duration? { seconds.map { .seconds($0) } }

    /// The shorter one first.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        (left.seconds ?? .max) < (right.seconds ?? .max)
    }

    /// The units, longest first; the first one that needs no fraction is used for writing.
    private static let units = [
        Unit(name: "day", seconds: 86_400), Unit(name: "hour", seconds: 3600), Unit(name: "minute", seconds: 60),
        Unit(name: "second", seconds: 1),
    ]

    private struct Unit {
        var name: String
        var seconds: Int

        func isCalled(_ text: String) -> Bool { [name, name + "s", String(name.prefix(1))].contains(text) }
    }
}

extension TimeSpan: LosslessStringConvertible {
    /// Reads `forever`, or a whole number and a unit: seconds, minutes, hours or days, also in the singular or as the first
    /// letter alone, such as `12h`; `nil` for anything else, a number without a unit too.
    public init?(_ text: String) {
        let trimmed = text.filter { $0 != " " }.lowercased()
        guard trimmed != "forever" else {
            self = .forever
            return
        }
        let digits = trimmed.prefix { $0.isASCII && $0.isNumber }
        let name = trimmed.dropFirst(digits.count)
        guard let unit = TimeSpan.units.first(where: { $0.isCalled(String(name)) }), let count = Int(digits) else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
        guard !overflow else { return nil }
        self.init(seconds: seconds)
    }

    /// The number in the longest unit that needs no fraction, such as `30 days`.
    public var description: String {
        guard let seconds else { return "forever" }
        guard let unit = TimeSpan.units.first(where: { seconds % $0.seconds == 0 && seconds > 0 }) else {
            return "\(seconds) seconds"
        }
        let count = seconds / unit.seconds
        return "\(count) \(unit.name)\(count == 1 ? "" : "s")"
    }
}
