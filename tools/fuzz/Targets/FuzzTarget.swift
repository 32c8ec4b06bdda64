/// The parts of the program that are fed with whatever a fuzzer comes up with.
///
/// Each target turns the fuzzer's bytes into input, gives it to the code under test and looks whether what came of it is
/// right. A crash is found by itself; what is merely wrong is thrown as a ``Violation``.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Datagrams, through the packet decoder and back.
    case packet
    /// Serialized values, through the parser and back.
    case entry
    /// Records of the archive's tables, damaged or not.
    case record
    /// Pages of the archive's file, which are looked over before LMDB is let at them.
    case pages
    /// A whole node on a stream of inputs, beside a simple model.
    case node
    /// What people and programs on the same machine hand to a node: key, settings, backup manifest, control requests.
    case file

    /// Runs the target on one input; throws if what came of it is wrong.
    public func run(_ input: [UInt8]) throws(Violation) {
        switch self {
        case .packet: try PacketTarget.run(input)
        case .entry: try EntryTarget.run(input)
        case .record: try RecordTarget.run(input)
        case .pages: try PagesTarget.run(input)
        case .node: try NodeTarget.run(input)
        case .file: try FileTarget.run(input)
        }
    }
}

/// Something that must never be so and was.
public struct Violation: Error, CustomStringConvertible {
    /// What was so, in one sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws what must never be so, if it is so.
func require(_ condition: Bool, _ description: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description()) }
}

/// Takes decisions from the fuzzer's bytes, one after the other; where there are none left, all of them are zero.
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

    /// A number from 0 up to, and without, a count of at most 256.
    mutating func index(below count: Int) -> Int { Int(byte()) % max(1, count) }

    mutating func choice<Choice>(_ choices: [Choice]) -> Choice { choices[index(below: choices.count)] }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// So many of the next bytes, or as many as there are.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + max(0, count))
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}
