/// The parts of the program that get fuzzed input.
///
/// Each target turns the fuzzer's bytes into input, gives it to the code under test and checks the result. Crashes are
/// noticed anyway; wrong results are thrown as a ``Violation``.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Datagrams, through the packet decoder and back.
    case packet
    /// Serialized values, through the parser and back.
    case entry
    /// Records of the archive's tables, damaged or not.
    case record
    /// Pages of the archive's file, which are checked before LMDB reads them.
    case pages
    /// Dumps, and what an import makes of them.
    case dump
    /// A whole node on a stream of inputs, beside a simple model.
    case node
    /// Input that people and programs on the same machine give to a node: key, settings, backup manifest, control
    /// requests.
    case file

    /// Runs the target on one input; throws if the result is wrong.
    public func run(_ input: [UInt8]) throws(Violation) {
        switch self {
        case .packet: try PacketTarget.run(input)
        case .entry: try EntryTarget.run(input)
        case .record: try RecordTarget.run(input)
        case .pages: try PagesTarget.run(input)
        case .dump: try DumpTarget.run(input)
        case .node: try NodeTarget.run(input)
        case .file: try FileTarget.run(input)
        }
    }
}

/// Something happened that must never happen.
public struct Violation: Error, CustomStringConvertible {
    /// What happened, in one sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a violation if a condition is true.
func require(_ condition: Bool, _ description: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description()) }
}

/// Takes decisions from the fuzzer's bytes, one after the other. At the end of the bytes, all decisions are zero.
struct ByteSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(_ type: Integer.Type) -> Integer {
        (0..<Integer.bitWidth / 8).reduce(0) { integer, _ in integer << 8 | Integer(byte()) }
    }

    /// A number below a count of at most 256.
    mutating func index(below count: Int) -> Int { Int(byte()) % max(1, count) }

    mutating func choice<Choice>(_ choices: [Choice]) -> Choice { choices[index(below: choices.count)] }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// The next bytes, or as many as are left.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + max(0, count))
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}
