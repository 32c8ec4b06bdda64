internal import Console

/// Writes the rows of a list in blocks, and the first ones immediately.
///
/// Memory does not grow with the list, and the reader may stop: a closed pipe ends the program, as it ends others.
struct RowWriter {
    private var waiting: [UInt8] = []
    private(set) var count = 0

    private static let blockBytes = 64 << 10

    mutating func add(_ line: String) throws(DumpFailure) {
        waiting += SafeText.lines(line).utf8
        waiting.append(UInt8(ascii: "\n"))
        count += 1
        if waiting.count >= RowWriter.blockBytes { try flush() }
    }

    /// Writes the waiting rows.
    mutating func flush() throws(DumpFailure) {
        try RowWriter.write(waiting)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Writes bytes to standard output.
    static func write(_ bytes: [UInt8]) throws(DumpFailure) {
        do {
            try Output.answer(bytes)
        } catch {
            throw DumpFailure(message: error.message, status: DumpFailure.cannotRead)
        }
    }
}
