internal import Bristlecone
internal import IPv8
internal import Kademlia

/// The shape of a JSON value, in the terms of JSON Schema.
indirect enum Schema: Sendable, Equatable {
    case string(Text)
    case choice([String])
    case integer(ClosedRange<Int>?)
    /// Exactly one of these fits.
    case oneOf([Schema])
    /// Always null, or missing.
    case null
    case number
    case boolean
    /// This truth value, and not the other.
    case constant(Bool)
    case array(Schema)
    case object([Member])
    case dictionary(Schema)
    case nullable(Schema)

    /// What is known of a text.
    struct Text: Sendable, Equatable {
        var pattern: String?
        var format: String?
        var countMin: Int?
        var countMax: Int?
        var description: String?
    }

    static let anyText = Schema.string(Text())

    /// A member of an object.
    struct Member: Sendable, Equatable {
        let name: String
        var schema: Schema
        /// Whether a request may leave it out.
        var isOptional: Bool

        /// A member that another one rules out.
        static func absent(_ name: String) -> Member { Member(name: name, schema: .null, isOptional: true) }
    }

    /// The words that a text can be that lies within; `nil` if it can be any.
    func choices(at path: some Sequence<any CodingKey>) -> [String]? {
        let place = path.reduce(Schema?.some(self)) { schema, key in
            switch schema?.withoutNull {
            case .array(let item)? where key.intValue != nil: item
            case .dictionary(let value)?: value
            case .object(let members)?: members.first { $0.name == key.stringValue.inSnakeCase }?.schema
            default: nil
            }
        }
        return if case .choice(let words)? = place?.withoutNull { words } else { nil }
    }

    /// The shape of a member.
    func member(_ name: String) -> Schema? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.schema
    }

    /// What a text of a query would have to be, if it is another one.
    func wanted(insteadOf text: String) -> String? {
        switch withoutNull {
        case .boolean: Bool(text) == nil ? "true or false" : nil
        case .integer(let range?):
            Int(text).map(range.contains) == true ? nil : "a number from \(range.lowerBound) to \(range.upperBound)"
        case .integer(nil): Int(text) == nil && UInt64(text) == nil ? "a whole number" : nil
        default: nil
        }
    }

    private var withoutNull: Schema { if case .nullable(let schema) = self { schema } else { self } }

    /// The names of an object's members.
    var memberNames: [String] {
        if case .object(let members) = self { members.map(\.name) } else { [] }
    }
}

/// A type whose JSON is a text of a certain form, or whose coding does not say what its shape is.
protocol SchemaDescribed {
    static var schema: Schema { get }
    /// A value to go on with while the type around it is read.
    static var example: Self { get }
}

/// The shapes of what goes into an operation and comes out of it.
struct OperationSchemas {
    let parameters: Schema
    let body: Schema
    let answer: Schema
    let isBodyless: Bool
}

extension Schema {
    fileprivate static func hex(_ bytes: Int, _ description: String) -> Schema {
        .string(Text(pattern: "^[0-9a-fA-F]{\(2 * bytes)}$", description: description))
    }
    fileprivate static let zeros = String(repeating: "0", count: 40)
}

extension Target: SchemaDescribed {
    static var schema: Schema { .hex(20, "A key of 20 bytes, in hexadecimal digits.") }
    static var example: Target { Target(bits: .zero) }
}

extension Mid: SchemaDescribed {
    static var schema: Schema { .hex(20, "An identity: the SHA-1 of a public key, in hexadecimal digits.") }
    static var example: Mid { Mid(bits: .zero) }
}

extension NodeID: SchemaDescribed {
    static var schema: Schema { .hex(20, "A node id of 20 bytes, in hexadecimal digits.") }
    static var example: NodeID { NodeID(bits: .zero) }
}

extension Address: SchemaDescribed {
    static var schema: Schema {
        .string(
            Schema.Text(description: "An IP address and a port, such as 192.0.2.1:8090 or [2001:db8::1]:8090."))
    }
    static var example: Address { Address(host: .v4(0x7F00_0001), port: 1) }
}

extension Instant: SchemaDescribed {
    static var schema: Schema {
        .string(
            Schema.Text(format: "date-time", description: "A time, such as 2026-02-03T12:00:00Z; answers are in UTC."))
    }
    static var example: Instant { .distantPast }
}

extension PublicKey: SchemaDescribed {
    static var schema: Schema {
        .string(
            Schema.Text(pattern: "^([0-9a-fA-F]{2})+$", description: "A serialized public key, in hexadecimal digits."))
    }
    static var example: PublicKey {
        // The point of order one and its like are no keys, but nobody is asked to sign with this one.
        let bytes = Array("LibNaCLPK:".utf8) + [UInt8](repeating: 9, count: 64)
        guard let key = PublicKey(bytes: bytes) else {
            preconditionFailure("64 bytes are a key of the level curve25519")
        }
        return key
    }
}

extension KeyLevel: SchemaDescribed {
    static var schema: Schema { .choice(allCases.map(\.rawValue)) }
    static var example: KeyLevel { .curve25519 }
}

extension KeepSubject: SchemaDescribed {
    static var schema: Schema { Schema.keyOrSigner(with: []) }
    static var example: KeepSubject { .key(.example) }
}

extension Schema {
    /// An object with a key or a signer, and not both.
    static func keyOrSigner(with others: [Member]) -> Schema {
        .oneOf([
            .object([Member(name: "key", schema: Target.schema, isOptional: false), .absent("signer")] + others),
            .object([Member(name: "signer", schema: Mid.schema, isOptional: false), .absent("key")] + others),
        ])
    }

    /// What a request has in one of two members, and not in both.
    static func oneOfTwo(_ first: Member, _ second: Member, with others: [Member]) -> Schema {
        .oneOf([.object([first, .absent(second.name)] + others), .object([second, .absent(first.name)] + others)])
    }
}
