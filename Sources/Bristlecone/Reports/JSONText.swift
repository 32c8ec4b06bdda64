internal import Console
internal import FoundationEssentials

/// JSON in one line, keys in alphabetical order.
public enum JSONText {
    /// The JSON of a value, without an end of line.
    public static func encode(_ value: some Encodable) throws -> String {
        SafeText.json(String(decoding: try bytes(value), as: UTF8.self))
    }

    /// The bytes of the JSON of a value, without an end of line.
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The value that JSON stands for.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
