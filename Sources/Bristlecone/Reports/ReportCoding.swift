internal import Console
internal import FoundationEssentials
internal import IPv8

/// How the fields of reports become JSON.
///
/// Many reports repeat the properties of a type of the archive or the core. They are types of their own because the API's
/// JSON must not change with those, and because HTTPAPI and the commands import neither.
///
/// Reports get their coding from the compiler, which prefers these methods to the standard library's: a field without a
/// value is written as `null` instead of being left out, a duration is a number of seconds, and bytes are hexadecimal
/// digits. Names of fields are written in snake case, see ``JSONText``.
extension KeyedEncodingContainer {
    mutating func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws { try encode(value, forKey: key) }
    // The standard library has methods of its own for these, which fit better than one for any type.
    mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encode(value, forKey: key) }
    mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encode(value, forKey: key) }
    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encode(value, forKey: key) }
    mutating func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try encode(value, forKey: key) }
    mutating func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try encode(value, forKey: key) }

    mutating func encodeIfPresent(_ value: Duration?, forKey key: Key) throws {
        try encode(value.map(\.roundedSeconds), forKey: key)
    }

    // An optional would be written by its own coding otherwise, which makes an array of numbers of bytes.
    mutating func encodeIfPresent(_ value: [UInt8]?, forKey key: Key) throws {
        try encode(value.map(Hex.encode), forKey: key)
    }

    mutating func encode(_ value: Duration, forKey key: Key) throws { try encode(value.roundedSeconds, forKey: key) }

    mutating func encode(_ value: [UInt8], forKey key: Key) throws { try encode(Hex.encode(value), forKey: key) }
}

extension KeyedDecodingContainer {
    func decode(_ type: Duration.Type, forKey key: Key) throws -> Duration {
        let seconds = try decode(Double.self, forKey: key)
        // Durations are counted in 64-bit nanoseconds elsewhere.
        guard seconds.magnitude < 9e9 else { throw invalid("This time is too long.", key) }
        return .seconds(seconds)
    }

    func decodeIfPresent(_ type: Duration.Type, forKey key: Key) throws -> Duration? {
        try decodeNil(forKey: key) ? nil : decode(type, forKey: key)
    }

    func decode(_ type: [UInt8].Type, forKey key: Key) throws -> [UInt8] {
        guard let bytes = Hex.decode(try decode(String.self, forKey: key)) else {
            throw invalid("These are not hexadecimal digits.", key)
        }
        return bytes
    }

    func decodeIfPresent(_ type: [UInt8].Type, forKey key: Key) throws -> [UInt8]? {
        try decodeNil(forKey: key) ? nil : decode(type, forKey: key)
    }

    private func invalid(_ description: String, _ key: Key) -> DecodingError {
        .dataCorruptedError(forKey: key, in: self, debugDescription: description)
    }
}

extension Duration {
    /// The duration in seconds, with a fraction.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// To the microsecond.
    fileprivate var roundedSeconds: Double { (seconds * 1e6).rounded() / 1e6 }
}

extension Date {
    init(_ instant: Instant) { self.init(timeIntervalSince1970: Double(instant.nanoseconds) / 1e9) }
}
