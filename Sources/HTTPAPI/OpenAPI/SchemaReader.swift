/// Finds out the shape of a type by having it decoded, and writing down what it asks for.
///
/// A type with a coding of its own that needs a certain text says so as ``SchemaDescribed``.
extension Schema {
    static func of<Value: Decodable>(_ type: Value.Type) throws -> Schema { try read(type).schema }

    fileprivate static func read<Value: Decodable>(_ type: Value.Type) throws -> (schema: Schema, value: Value) {
        if let described = type as? any SchemaDescribed.Type, let value = described.example as? Value {
            return (described.schema, value)
        }
        if let choices = type as? any (CaseIterable & RawRepresentable<String>).Type,
            let first = choices.firstCase as? Value
        {
            return (.choice(choices.rawValues), first)
        }
        if let dictionary = type as? any StringKeyed.Type, let empty = dictionary.empty as? Value {
            return (.dictionary(try dictionary.valueSchema), empty)
        }
        let reader = SchemaReader()
        let value = try Value(from: reader)
        return (reader.notes.schema, value)
    }
}

private protocol StringKeyed {
    static var valueSchema: Schema { get throws }
    static var empty: Self { get }
}

extension Dictionary: StringKeyed where Key == String, Value: Decodable {
    fileprivate static var valueSchema: Schema { get throws { try Schema.of(Value.self) } }
    fileprivate static var empty: [Key: Value] { [:] }
}

extension CaseIterable where Self: RawRepresentable<String> {
    fileprivate static var rawValues: [String] { allCases.map(\.rawValue) }
    fileprivate static var firstCase: Self? { allCases.first }
}

/// What a reader has been asked for.
private final class Notes {
    var schema = Schema.object([])

    func add(_ name: String, _ schema: Schema, isOptional: Bool) {
        guard case .object(var members) = self.schema else { return }
        // Some codings ask twice: whether there is a value, and for it.
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].schema = members[index].isOptional ? schema.orNull : schema
        } else {
            members.append(
                Schema.Member(name: name, schema: isOptional ? schema.orNull : schema, isOptional: isOptional))
        }
        self.schema = .object(members)
    }
}

extension Schema {
    fileprivate var orNull: Schema { if case .nullable = self { self } else { .nullable(self) } }
}

private struct SchemaReader: Decoder {
    let notes = Notes()
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Members(notes: notes))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { Items(notes: notes) }
    func singleValueContainer() -> any SingleValueDecodingContainer { Single(notes: notes) }

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool { true }

        func decodeNil(forKey key: Key) -> Bool {
            notes.add(key.stringValue.inSnakeCase, .anyText, isOptional: true)
            return false
        }

        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            let (schema, value) = try Schema.read(type)
            notes.add(key.stringValue.inSnakeCase, schema, isOptional: false)
            return value
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw unreadable }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw unreadable }
        func superDecoder() throws -> any Decoder { throw unreadable }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw unreadable }

        private var unreadable: DecodingError {
            .dataCorrupted(.init(codingPath: [], debugDescription: "A type whose shape cannot be read."))
        }
    }

    private struct Items: UnkeyedDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }
        var count: Int? { 1 }
        var currentIndex = 0
        var isAtEnd: Bool { currentIndex > 0 }

        init(notes: Notes) { self.notes = notes }

        mutating func decodeNil() -> Bool { false }

        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            currentIndex += 1
            let (schema, value) = try Schema.read(type)
            notes.schema = .array(schema)
            return value
        }

        mutating func nestedContainer<Key: CodingKey>(
            keyedBy type: Key.Type
        ) throws -> KeyedDecodingContainer<Key> { throw unreadable }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unreadable }
        mutating func superDecoder() throws -> any Decoder { throw unreadable }

        private var unreadable: DecodingError {
            .dataCorrupted(.init(codingPath: [], debugDescription: "A type whose shape cannot be read."))
        }
    }

    private struct Single: SingleValueDecodingContainer {
        let notes: Notes
        var codingPath: [any CodingKey] { [] }

        func decodeNil() -> Bool { false }

        func decode(_ type: Bool.Type) -> Bool { note(.boolean, true) }
        func decode(_ type: String.Type) -> String { note(.anyText, "00") }
        func decode(_ type: Double.Type) -> Double { note(.number, 0) }
        func decode(_ type: Float.Type) -> Float { note(.number, 0) }
        func decode(_ type: Int.Type) -> Int { note(.integer(nil), 0) }
        func decode(_ type: Int8.Type) -> Int8 { note(.integer(nil), 0) }
        func decode(_ type: Int16.Type) -> Int16 { note(.integer(nil), 0) }
        func decode(_ type: Int32.Type) -> Int32 { note(.integer(nil), 0) }
        func decode(_ type: Int64.Type) -> Int64 { note(.integer(nil), 0) }
        func decode(_ type: UInt.Type) -> UInt { note(.integer(nil), 0) }
        func decode(_ type: UInt8.Type) -> UInt8 { note(.integer(nil), 0) }
        func decode(_ type: UInt16.Type) -> UInt16 { note(.integer(nil), 0) }
        func decode(_ type: UInt32.Type) -> UInt32 { note(.integer(nil), 0) }
        func decode(_ type: UInt64.Type) -> UInt64 { note(.integer(nil), 0) }

        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (schema, value) = try Schema.read(type)
            notes.schema = schema
            return value
        }

        private func note<Value>(_ schema: Schema, _ value: Value) -> Value {
            notes.schema = schema
            return value
        }
    }
}
