/// A value whose form in JSON is the text that people read and write for it.
public protocol TextCodable: Codable {
    /// What goes into the JSON string.
    var codedText: String { get }
    /// Reads what ``codedText`` gives; `nil` for anything else.
    init?(codedText: String)
    /// What such a text is, for people: "an address with a port, such as …".
    static var textForm: String { get }
}

extension TextCodable {
    /// Reads a single text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(codedText: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is not \(Self.textForm).")
        }
        self = value
    }

    /// Writes a single text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(codedText)
    }
}

extension TextCodable where Self: LosslessStringConvertible {
    public var codedText: String { description }
    public init?(codedText: String) { self.init(codedText) }
}

extension TextCodable where Self: Identifier160 {
    public var codedText: String { description }
    public init?(codedText: String) { self.init(hex: codedText) }
    public static var textForm: String { "40 hexadecimal digits" }
}

extension Target: TextCodable {}
extension Mid: TextCodable {}
extension Address: TextCodable {
    public static var textForm: String { "an IP address with a port, such as 192.0.2.1:8090 or [2001:db8::1]:8090" }
}

extension PublicKey: TextCodable {
    /// Reads the binary form as hexadecimal digits; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    public var codedText: String { description }
    public init?(codedText: String) { self.init(hex: codedText) }
    public static var textForm: String { "a public key in hexadecimal digits" }
}

/// Whole seconds are enough in JSON: `2026-02-03T12:00:00Z`.
extension Instant: TextCodable {
    public var codedText: String { iso8601(fractionDigits: 0) }
    public init?(codedText: String) { self.init(iso8601: codedText) }
    public static var textForm: String { "a time such as 2026-02-03T12:00:00Z" }
}

extension AddressFamily: Codable {}
extension KeyLevel: Codable {}
