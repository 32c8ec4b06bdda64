internal import Console
internal import Dispatch
internal import Glibc

/// Writes the rows of a list as they come: a block of them at a time, and the first ones at once.
///
/// Memory does not grow with the list, and whoever reads it may stop: a closed pipe ends the program, as it ends others.
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

    /// Writes what waits.
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

extension ProgressLine {
    /// Does something that does not tell how far it is, and tells meanwhile how long it has been.
    static func during<Value, Failure>(
        _ text: String, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let begun = ContinuousClock.now
        let isTerminal = isatty(STDERR_FILENO) == 1
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + (isTerminal ? 1 : 30), repeating: isTerminal ? 0.5 : 30)
        timer.setEventHandler {
            let line = "\(text), \(Words.age(ContinuousClock.now - begun))"
            isTerminal ? Output.rewrite(line) : Output.complain(line)
        }
        timer.resume()
        defer {
            timer.cancel()
            if isTerminal, ContinuousClock.now - begun >= .seconds(1) { Output.rewrite("") }
        }
        return try body()
    }
}
