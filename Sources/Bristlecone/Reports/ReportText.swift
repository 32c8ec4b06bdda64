internal import FoundationEssentials
public import IPv8
public import Kademlia

/// What reports write as a text of JSON.
protocol ReportText {
    /// The text that a report has for it.
    var reportText: String { get }
    /// Reads that text; `nil` for any other.
    init?(reportText: String)
}

extension ReportText where Self: Identifier160 {
    var reportText: String { description }
    init?(reportText: String) { self.init(hex: reportText) }
}

extension Target: ReportText {}
extension Mid: ReportText {}
extension NodeID: ReportText {}

extension ReportText where Self: RawRepresentable<String> {
    var reportText: String { rawValue }
    init?(reportText: String) { self.init(rawValue: reportText) }
}

extension AddressFamily: ReportText {}
extension KeyLevel: ReportText {}

extension Address: ReportText {
    var reportText: String { description }
    init?(reportText: String) { self.init(reportText) }
}

extension PublicKey: ReportText {
    var reportText: String { description }
    init?(reportText: String) {
        guard let bytes = Hex.decode(reportText) else { return nil }
        self.init(bytes: bytes)
    }
}

extension [UInt8]: ReportText {
    var reportText: String { Hex.encode(self) }
    init?(reportText: String) {
        guard let bytes = Hex.decode(reportText) else { return nil }
        self = bytes
    }
}

extension Instant: ReportText {
    /// The second in UTC, such as `2026-02-03T12:00:00Z`.
    var reportText: String { Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601) }

    init?(reportText: String) {
        guard let date = try? Date(reportText, strategy: .iso8601),
            let seconds = Int64(exactly: date.timeIntervalSince1970.rounded(.down))
        else { return nil }
        self.init(seconds: seconds)
        // A year that instants do not reach.
        guard self.seconds == seconds else { return nil }
    }
}

extension KeyedEncodingContainer {
    mutating func encode(text value: some ReportText, forKey key: Key) throws {
        try encode(value.reportText, forKey: key)
    }

    /// Writes `null` where there is no value: a report always has all of its keys.
    mutating func encode(text value: (some ReportText)?, forKey key: Key) throws {
        try encode(value?.reportText, forKey: key)
    }

    /// Writes a number of seconds, to the microsecond.
    mutating func encode(seconds duration: Duration, forKey key: Key) throws {
        try encode((duration.seconds * 1e6).rounded() / 1e6, forKey: key)
    }
}

extension KeyedDecodingContainer {
    func decode<Value: ReportText>(text type: Value.Type, forKey key: Key) throws -> Value {
        let text = try decode(String.self, forKey: key)
        guard let value = Value(reportText: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "\(quoted(text)) is no \(Value.self)")
        }
        return value
    }

    func decodeIfPresent<Value: ReportText>(text type: Value.Type, forKey key: Key) throws -> Value? {
        try decodeNil(forKey: key) ? nil : decode(text: type, forKey: key)
    }

    func decodeSeconds(forKey key: Key) throws -> Duration {
        let seconds = try decode(Double.self, forKey: key)
        // Durations are counted in 64-bit nanoseconds elsewhere.
        guard seconds.magnitude < 9e9 else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "too long a time")
        }
        return .seconds(seconds)
    }
}

extension Duration {
    /// The duration in seconds, with a fraction.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
