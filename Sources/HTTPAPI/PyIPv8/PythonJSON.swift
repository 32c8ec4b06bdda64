package import IPv8

/// JSON in the spelling of Python's `json` module: members in a fixed order, `", "` and `": "` as separators, ASCII only.
///
/// Unlike `JSONEncoder` it writes integers of any length.
package enum PythonJSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The digits of a whole number, after a minus sign if it is negative.
    case integer(digits: String)
    case float(Double)
    case string(String)
    case array([PythonJSON])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: PythonJSON
    }

    package init(_ number: some BinaryInteger) { self = .integer(digits: String(number)) }
    package init(_ text: String) { self = .string(text) }
    package init(_ flag: Bool) { self = .bool(flag) }
    /// An unsigned number of 160 bits.
    package init(_ bits: Bits160) { self = .integer(digits: bits.decimalDigits) }
    /// Seconds since 1970; the integer 0 for never, as the reference has it.
    package init(_ moment: Instant?) {
        self = moment.map { .float(Double($0.nanoseconds) / 1e9) } ?? .integer(digits: "0")
    }
    package init(_ members: [(String, PythonJSON)]) {
        self = .object(members.map { Member(name: $0.0, value: $0.1) })
    }

    /// What Python calls the type of such a value.
    package var typeName: String {
        switch self {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }

    /// Whether Python takes the value for true.
    package var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let flag): flag
        case .integer(let digits): digits.contains { "123456789".contains($0) }
        case .float(let number): number != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        }
    }
}

// MARK: - Writing

extension PythonJSON {
    /// The value in one line, without an end of line.
    package var text: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .integer(let digits): bytes += digits.utf8
        case .float(let number): bytes += PythonJSON.text(of: number).utf8
        case .string(let text): PythonJSON.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { bytes += ", ".utf8 }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (place, member) in members.enumerated() {
                if place > 0 { bytes += ", ".utf8 }
                PythonJSON.write(member.name, to: &bytes)
                bytes += ": ".utf8
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return "\(number)"
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for unit in text.utf16 {
            switch unit {
            case 0x22, 0x5C: bytes += [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: unit)]
            case 0x08: bytes += "\\b".utf8
            case 0x09: bytes += "\\t".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0C: bytes += "\\f".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x20...0x7E: bytes.append(UInt8(truncatingIfNeeded: unit))
            default: bytes += "\\u\(Hex.encode(unit.bigEndianBytes))".utf8
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension Bits160 {
    /// The number in decimal digits, by repeated division by the largest power of ten that fits 32 bits.
    fileprivate var decimalDigits: String {
        var words = [
            UInt32(high >> 32), UInt32(truncatingIfNeeded: high), UInt32(middle >> 32),
            UInt32(truncatingIfNeeded: middle), low,
        ]
        var groups: [String] = []
        repeat {
            var remainder: UInt64 = 0
            for index in words.indices {
                let part = remainder << 32 | UInt64(words[index])
                words[index] = UInt32(part / 1_000_000_000)
                remainder = part % 1_000_000_000
            }
            groups.append(String(remainder))
        } while words.contains { $0 != 0 }
        let padded = groups.dropLast().map { String(repeating: "0", count: 9 - $0.count) + $0 }
        return (padded + groups.suffix(1)).reversed().joined()
    }
}

// MARK: - Literals

extension PythonJSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self.init(value) }
    package init(arrayLiteral elements: PythonJSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, PythonJSON)...) { self.init(elements) }
    package init(nilLiteral: ()) { self = .null }
}
