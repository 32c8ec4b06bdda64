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

    /// Runs the target on one input; throws where what came of it is wrong.
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
