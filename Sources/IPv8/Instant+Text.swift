/// Moments as ISO 8601 writes them in UTC, `2026-02-03T12:00:00.123456789Z`, and back.
extension Instant {
    private static let secondsPerDay: Int64 = 86_400
    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// The text of the moment to the nanosecond; without a fraction if that is zero.
    public var iso8601: String { iso8601(fractionDigits: nanoseconds % Instant.nanosecondsPerSecond == 0 ? 0 : 9) }

    /// The text of the moment with this many digits behind the second, 0 to 9; the rest is cut off.
    public func iso8601(fractionDigits: Int) -> String {
        let (seconds, nanoseconds) = Instant.floorDivide(nanoseconds, Instant.nanosecondsPerSecond)
        let (day, second) = Instant.floorDivide(seconds, Instant.secondsPerDay)
        let date = Instant.date(ofDay: day)
        let padded = Instant.padded
        let fraction = fractionDigits == 0 ? "" : "." + padded(nanoseconds, 9).prefix(fractionDigits)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))\(fraction)Z"
    }

    /// Reads such a text with any number of digits behind the second, or a date alone, which stands for its beginning;
    /// `nil` for anything else.
    public init?(iso8601 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let year = Instant.number(bytes[0..<4]), bytes[4] == UInt8(ascii: "-"),
            let month = Instant.number(bytes[5..<7]), bytes[7] == UInt8(ascii: "-"),
            let day = Instant.number(bytes[8..<10]), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let days = Instant.day(ofYear: year, month, day)
        guard Instant.date(ofDay: days) == (year, month, day) else { return nil }
        let time = bytes.count == 10 ? (0, 0) : Instant.timeOfDay(Array(bytes[10...]))
        guard let (second, fraction) = time else { return nil }
        let all =
            Int128(days * Instant.secondsPerDay + second) * Int128(Instant.nanosecondsPerSecond) + Int128(fraction)
        guard let nanoseconds = Int64(exactly: all) else { return nil }
        self.init(nanoseconds: nanoseconds)
    }

    /// Reads `T12:00:00Z` or `T12:00:00.123Z`.
    private static func timeOfDay(_ bytes: [UInt8]) -> (second: Int64, nanoseconds: Int64)? {
        guard bytes.count >= 10, bytes[0] == UInt8(ascii: "T"), bytes.last == UInt8(ascii: "Z"),
            let hour = number(bytes[1..<3]), bytes[3] == UInt8(ascii: ":"), let minute = number(bytes[4..<6]),
            bytes[6] == UInt8(ascii: ":"), let second = number(bytes[7..<9]), hour < 24, minute < 60, second < 60
        else { return nil }
        var nanoseconds: Int64 = 0
        let fraction = bytes[9..<bytes.count - 1]
        if !fraction.isEmpty {
            guard fraction.first == UInt8(ascii: "."), (2...10).contains(fraction.count) else { return nil }
            let digits = Array(fraction.dropFirst()) + [UInt8](repeating: UInt8(ascii: "0"), count: 10 - fraction.count)
            guard let value = number(digits[...]) else { return nil }
            nanoseconds = value
        }
        return (hour * 3600 + minute * 60 + second, nanoseconds)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    // Years are counted from the first of March, so that the day that comes every four years is the last one; 400 years
    // have 146,097 days, and 1970 began 719,468 days after the first of March of the year 0.

    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func day(ofYear year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shiftedYear, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

/// Moments as people and programs give them, which need not be in UTC.
extension Instant {
    /// Reads a time in any of the forms of RFC 3339: with a distance from UTC such as `+01:00` or `Z`, in capitals or
    /// not, with any number of digits behind the second, of which nine count, and with a leap second, which is the first
    /// of the next minute. A date alone is its beginning in UTC.
    public init?(rfc3339 text: some StringProtocol) {
        // No moment is longer. Searching a long text for the patterns below would take time by its square.
        guard text.utf8.count <= 64 else { return nil }
        var text = text.uppercased()
        var offset = Duration.zero
        if let match = text.wholeMatch(of: /(.+T.+)([+-])(\d\d):?(\d\d)/) {
            guard let hours = Int(match.3), let minutes = Int(match.4), hours < 24, minutes < 60 else { return nil }
            offset = .seconds((hours * 60 + minutes) * 60) * (match.2 == "+" ? 1 : -1)
            text = match.1 + "Z"
        }
        if let match = text.wholeMatch(of: /(.+T\d\d:\d\d):60(\.\d+)?Z/) {
            text = match.1 + ":59Z"
            offset -= .seconds(1)
        } else if let match = text.wholeMatch(of: /(.+T.+\.\d{9})\d+Z/) {
            text = match.1 + "Z"
        }
        guard let moment = Instant(iso8601: text) else { return nil }
        self = moment - offset
    }
}
