internal import FoundationEssentials

/// JSON in one line: keys in snake case and in alphabetical order.
package enum JSONText {
    /// The JSON of a value, without an end of line and safe to show on a terminal.
    package static func encode(_ value: some Encodable) throws -> String {
        SafeText.json(String(decoding: try bytes(value), as: UTF8.self))
    }

    /// The bytes of the JSON of a value, without an end of line.
    package static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return Array(try encoder.encode(value))
    }

    /// Reads such JSON.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: some Sequence<UInt8>
    ) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(bytes))
    }
}
