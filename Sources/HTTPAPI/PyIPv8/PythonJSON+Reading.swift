/// Reads JSON as Python's `json` module does, and fails with its words: py-ipv8 passes them on to its clients.
struct PythonJSONReader {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    /// How deep arrays and objects may be nested. Python's own limit depends on how deep its stack is already.
    private static let depthMax = 500

    /// Reads a request's body.
    static func read(_ body: [UInt8]) throws(PyIPv8Failure) -> PythonJSON {
        var reader = PythonJSONReader(scalars: try decode(body))
        if reader.scalars.first == "\u{FEFF}" {
            throw reader.failure("Unexpected UTF-8 BOM (decode using utf-8-sig)", at: 0)
        }
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.next == nil else { throw reader.failure("Extra data", at: reader.position) }
        return value
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private static func decode(_ body: [UInt8]) throws(PyIPv8Failure) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(body.count)
        var parser = Unicode.UTF8.ForwardParser()
        var bytes = body.makeIterator()
        var offset = 0
        while true {
            switch parser.parseScalar(from: &bytes) {
            case .emptyInput: return scalars
            case .valid(let encoded):
                scalars.append(Unicode.UTF8.decode(encoded))
                offset += encoded.count
            case .error(let length):
                let lead = body[offset]
                let isStart = (0xC2...0xF4).contains(lead)
                let what =
                    !isStart
                    ? "invalid start byte"
                    : offset + length == body.count ? "unexpected end of data" : "invalid continuation byte"
                let place =
                    length == 1
                    ? "byte 0x\(String(lead, radix: 16)) in position \(offset)"
                    : "bytes in position \(offset)-\(offset + length - 1)"
                throw .thrown("UnicodeDecodeError", "'utf-8' codec can't decode \(place): \(what)")
            }
        }
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func failure(_ what: String, at place: Int) -> PyIPv8Failure {
        let before = scalars[..<min(place, scalars.count)]
        let line = before.count { $0 == "\n" } + 1
        let column = place - (before.lastIndex(of: "\n") ?? -1)
        return .thrown("JSONDecodeError", "\(what): line \(line) column \(column) (char \(place))")
    }

    private mutating func skipSpace() {
        while let scalar = next, scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" { position += 1 }
    }

    private mutating func value(depth: Int) throws(PyIPv8Failure) -> PythonJSON {
        guard depth < PythonJSONReader.depthMax else {
            throw .thrown("RecursionError", "maximum recursion depth exceeded while decoding a JSON document")
        }
        switch next {
        case "\""?: return .string(try string())
        case "{"?: return try object(depth: depth + 1)
        case "["?: return try array(depth: depth + 1)
        default: break
        }
        for (word, value) in PythonJSONReader.words where take(word) { return value }
        if let number = number() { return number }
        throw failure("Expecting value", at: position)
    }

    private static let words: [(String, PythonJSON)] = [
        ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("NaN", .float(.nan)),
        ("Infinity", .float(.infinity)), ("-Infinity", .float(-.infinity)),
    ]

    private mutating func take(_ word: String) -> Bool {
        guard scalars[position...].starts(with: word.unicodeScalars) else { return false }
        position += word.unicodeScalars.count
        return true
    }

    private mutating func object(depth: Int) throws(PyIPv8Failure) -> PythonJSON {
        var members: [PythonJSON.Member] = []
        position += 1
        skipSpace()
        if next == "}" {
            position += 1
            return .object([])
        }
        while true {
            guard next == "\"" else {
                throw failure("Expecting property name enclosed in double quotes", at: position)
            }
            let name = try string()
            skipSpace()
            guard next == ":" else { throw failure("Expecting ':' delimiter", at: position) }
            position += 1
            skipSpace()
            members.append(PythonJSON.Member(name: name, value: try value(depth: depth)))
            guard try hasMore(until: "}") else { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(PyIPv8Failure) -> PythonJSON {
        var elements: [PythonJSON] = []
        position += 1
        skipSpace()
        if next == "]" {
            position += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth))
            guard try hasMore(until: "]") else { return .array(elements) }
        }
    }

    /// Goes behind the comma or the end that has to follow an element; whether it was a comma.
    private mutating func hasMore(until end: Unicode.Scalar) throws(PyIPv8Failure) -> Bool {
        skipSpace()
        guard next == "," || next == end else { throw failure("Expecting ',' delimiter", at: position) }
        let isComma = next == ","
        position += 1
        if isComma { skipSpace() }
        return isComma
    }

    private mutating func string() throws(PyIPv8Failure) -> String {
        let begin = position
        position += 1
        // Python's strings may hold halves of surrogate pairs, which Swift's cannot: they become U+FFFD.
        var units: [UInt16] = []
        while true {
            guard let scalar = next else { throw failure("Unterminated string starting at", at: begin) }
            position += 1
            switch scalar {
            case "\"": return String(decoding: units, as: UTF16.self)
            case "\\": units.append(try escape(begin))
            case "\0"..<" ": throw failure("Invalid control character at", at: position - 1)
            default: units += scalar.utf16
            }
        }
    }

    private mutating func escape(_ begin: Int) throws(PyIPv8Failure) -> UInt16 {
        guard let scalar = next else { throw failure("Unterminated string starting at", at: begin) }
        position += 1
        switch scalar {
        case "\"", "\\", "/": return UInt16(scalar.value)
        case "b": return 0x08
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "u":
            let digits = scalars[position...].prefix(4)
            guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit),
                let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
            else { throw failure("Invalid \\uXXXX escape", at: position - 1) }
            position += 4
            return unit
        default: throw failure("Invalid \\escape", at: position - 2)
        }
    }

    private mutating func number() -> PythonJSON? {
        var place = position
        func isDigit(_ index: Int) -> Bool { index < scalars.count && ("0"..."9").contains(scalars[index]) }
        func at(_ index: Int, _ choices: Set<Unicode.Scalar>) -> Bool {
            index < scalars.count && choices.contains(scalars[index])
        }
        if at(place, ["-"]) { place += 1 }
        guard isDigit(place) else { return nil }
        if scalars[place] == "0" { place += 1 } else { while isDigit(place) { place += 1 } }
        let integerEnd = place
        if at(place, ["."]), isDigit(place + 1) {
            place += 1
            while isDigit(place) { place += 1 }
        }
        let exponent = at(place + 1, ["+", "-"]) ? place + 2 : place + 1
        if at(place, ["e", "E"]), isDigit(exponent) {
            place = exponent
            while isDigit(place) { place += 1 }
        }
        let text = String(String.UnicodeScalarView(scalars[position..<place]))
        position = place
        return place == integerEnd ? .integer(digits: text) : .float(Double(text) ?? .infinity)
    }
}

// MARK: - What py-ipv8 does with what it read

extension PythonJSON {
    /// Python's `name in value`.
    func contains(_ name: String) throws(PyIPv8Failure) -> Bool {
        switch self {
        case .object(let members): return members.contains { $0.name == name }
        case .array(let elements): return elements.contains(.string(name))
        case .string(let text): return text.contains(name)
        case .null, .bool, .integer, .float:
            throw .thrown("TypeError", "argument of type '\(typeName)' is not iterable")
        }
    }

    /// Python's `value[name]`.
    func member(_ name: String) throws(PyIPv8Failure) -> PythonJSON {
        switch self {
        case .object(let members):
            guard let member = members.last(where: { $0.name == name }) else { throw .thrown("KeyError", "'\(name)'") }
            return member.value
        case .array: throw .thrown("TypeError", "list indices must be integers or slices, not str")
        case .string: throw .thrown("TypeError", "string indices must be integers, not 'str'")
        case .null, .bool, .integer, .float:
            throw .thrown("TypeError", "'\(typeName)' object is not subscriptable")
        }
    }

    /// Python's `value.get(name)`.
    func get(_ name: String) throws(PyIPv8Failure) -> PythonJSON {
        guard case .object(let members) = self else {
            throw .thrown("AttributeError", "'\(typeName)' object has no attribute 'get'")
        }
        return members.last { $0.name == name }?.value ?? .null
    }

    /// The bytes of a string of hexadecimal digits.
    func unhexlified() throws(PyIPv8Failure) -> [UInt8] {
        guard case .string(let text) = self else {
            throw .thrown("TypeError", "argument should be bytes, buffer or ASCII string, not '\(typeName)'")
        }
        return try PyIPv8.unhexlify(text)
    }

    var isContainer: Bool {
        switch self {
        case .array, .object: true
        case .null, .bool, .integer, .float, .string: false
        }
    }

    /// A value that is no container as Python shows it in messages.
    var pythonText: String {
        switch self {
        case .null: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .string(let text):
            text.contains("'") && !text.contains("\"")
                ? "\"\(text)\"" : "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        case .integer, .float, .array, .object: String(decoding: self.text, as: UTF8.self)
        }
    }
}
