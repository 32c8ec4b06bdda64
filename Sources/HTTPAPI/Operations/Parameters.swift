internal import Bristlecone
package import IPv8

/// How many items a part of a listing may have.
package struct Limit: Codable, Sendable, Equatable, ExpressibleByIntegerLiteral {
    let count: Int

    static let standard = Limit(integerLiteral: 100)

    package init(integerLiteral count: Int) { self.count = count }

    package init(from decoder: any Decoder) throws {
        count = try decoder.singleValueContainer().decode(Int.self)
        guard Limit.range.contains(count) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "it can be 1 to \(BristleconeNode.pageMax)."))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }

    private static let range = 1...BristleconeNode.pageMax
}

extension Limit: SchemaDescribed {
    static var schema: Schema { .integer(range) }
    static var example: Limit { .standard }
}

/// Where a part of a listing begins: the `next` of the one before.
package struct Cursor: Codable, Sendable, Equatable {
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    package init?(_ text: String) {
        guard let bytes = Hex.decode(text), !bytes.isEmpty else { return nil }
        self.bytes = bytes
    }

    package init(from decoder: any Decoder) throws {
        guard let cursor = Cursor(try decoder.singleValueContainer().decode(String.self)) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "it is no cursor; give the next of the last part, or none to begin."))
        }
        self = cursor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Hex.encode(bytes))
    }
}

extension Cursor: SchemaDescribed {
    static var schema: Schema {
        .string(Schema.Text(pattern: "^([0-9a-f]{2})+$", description: "The next of the last part; none to begin."))
    }
    static var example: Cursor { Cursor(bytes: [0]) }
}

/// A stretch of the key space, by the bits that its keys begin with.
package struct PrefixParameter: Codable, Sendable, Equatable {
    let text: String

    private init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
        guard BristleconeNode.isKeyPrefix(text) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "it is not up to \(BristleconeNode.keyPrefixBitsMax) digits, each 0 or 1."))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension PrefixParameter: SchemaDescribed {
    static var schema: Schema {
        .string(
            Schema.Text(
                pattern: "^[01]*$", countMax: BristleconeNode.keyPrefixBitsMax,
                description: "The bits that the keys begin with."))
    }
    static var example: PrefixParameter { PrefixParameter("") }
}

/// A time. One that is too early or too late to be expressed stands for the earliest or latest that is.
package struct Moment: Codable, Sendable, Equatable {
    let instant: Instant

    package init(_ instant: Instant) { self.instant = instant }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        if let instant = Instant(rfc3339: text) {
            self.instant = instant
        } else if let year = Moment.yearFarAway(text) {
            instant = year < 2000 ? .distantPast : Instant(nanoseconds: .max)
        } else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "it is no time such as 2026-02-03T12:00:00Z."))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(instant)
    }

    /// The year of a date and time that are well formed but not near enough.
    private static func yearFarAway(_ text: String) -> Int? {
        // The same day in a year that can be expressed, and that has all days.
        guard let year = Int(text.prefix(4)), !(1700..<2262).contains(year),
            Instant(rfc3339: "2000" + text.dropFirst(4)) != nil
        else { return nil }
        return year
    }
}

extension Moment: SchemaDescribed {
    static var schema: Schema { Instant.schema }
    static var example: Moment { Moment(.example) }
}
