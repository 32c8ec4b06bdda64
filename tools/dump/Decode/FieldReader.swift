internal import Console
internal import IPv8

/// A part of a packet or an entry: its place and its meaning.
struct Field: Equatable {
    var offset: Int
    var bytes: [UInt8]
    var name: String
    var meaning: String
    /// The depth of nesting: a value's own fields are within the value.
    var depth: Int
    /// A fault that does not prevent reading further.
    var fault: String?
}

/// Where and why reading cannot continue.
struct DecodeFault: Error, Equatable {
    var offset: Int
    var reason: String
}

/// Reads fields one after the other, and keeps what it has read, so that what is sound can be shown of something that is
/// not.
struct FieldReader {
    let bytes: [UInt8]
    private(set) var position: Int
    private(set) var fields: [Field] = []
    /// The end of the present part, and the name of the next one.
    private var end: Int
    private var endName = "the end"
    private let depth: Int

    init(_ bytes: [UInt8], in range: Range<Int>? = nil, depth: Int = 0) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
        self.depth = depth
    }

    /// How many bytes have not been read.
    var remaining: Int { end - position }

    /// Keeps the following fields from reading bytes that belong to something else.
    mutating func limit(to end: Int, because name: String) {
        self.end = end
        endName = name
    }

    /// Takes that limit away.
    mutating func removeLimit() { limit(to: bytes.count, because: "the end") }

    /// Reads a field.
    @discardableResult
    mutating func take(
        _ name: String, _ count: Int, _ meaning: ([UInt8]) -> String = { _ in "" }
    ) throws(DecodeFault) -> [UInt8] {
        guard count <= remaining else {
            let left =
                "\(remaining == 0 ? "none" : "\(remaining)") \(remaining < 2 ? "is" : "are") left before \(endName)"
            throw DecodeFault(
                offset: position, reason: "the \(name) needs \(Words.count(count, "byte")), and \(left)")
        }
        let taken = Array(bytes[position..<position + count])
        fields.append(
            Field(offset: position, bytes: taken, name: name, meaning: meaning(taken), depth: depth))
        position += count
        return taken
    }

    /// Reads a big-endian number.
    @discardableResult
    mutating func number(
        _ name: String, _ count: Int, _ meaning: (Int) -> String = { "\($0)" }
    ) throws(DecodeFault) -> Int {
        func value(_ bytes: [UInt8]) -> Int {
            Int(truncatingIfNeeded: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
        return value(try take(name, count) { meaning(value($0)) })
    }

    /// Reads a length of two bytes, and a public key of that many; `nil` for a key of a kind that is not known.
    mutating func key(_ name: String) throws(DecodeFault) -> PublicKey? {
        let count = try number("length of the \(name)", 2)
        return PublicKey(
            bytes: try take(name, count) { bytes in
                guard let key = PublicKey(bytes: bytes) else { return "not a key of a known kind" }
                return "\(key.level.rawValue), mid \(key.mid)"
            })
    }

    /// Steps over bytes that were read as a part of their own.
    mutating func skip(_ count: Int) { position += count }

    /// Adds the fields of a part.
    mutating func append(_ part: [Field]) { fields += part }

    /// Notes that something is wrong with the field that was read last.
    mutating func blame(_ fault: String) {
        if !fields.isEmpty { fields[fields.count - 1].fault = fault }
    }

    /// Names the remaining bytes without reading them.
    mutating func leaveRest(_ fault: String) {
        let rest = Array(bytes[min(position, bytes.count)...])
        guard !rest.isEmpty else { return }
        fields.append(
            Field(offset: position, bytes: rest, name: "not read", meaning: "", depth: depth, fault: fault))
        position = bytes.count
    }
}
