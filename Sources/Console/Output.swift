internal import Dispatch
internal import Glibc
internal import Platform
internal import SystemPackage

/// Writes to the standard streams without a buffer, so that a waiting reader gets each line immediately.
package enum Output {
    /// Writes one or more lines to standard output.
    package static func show(_ text: String) { write(SafeText.lines(text), to: STDOUT_FILENO) }

    /// Writes one line to standard error. Gives up if nobody reads for some seconds, so that a caller who waits for
    /// this program to end does not wait for a reader.
    package static func complain(_ text: String) { complain(safe: SafeText.line(text)) }

    /// Writes several lines to standard error in the same way.
    package static func complainLines(_ text: String) { complain(safe: SafeText.lines(text)) }

    private static func complain(safe text: String) {
        var room = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&room, 1, complaintMilliseconds) > 0 else { return }
        write(text, to: STDERR_FILENO)
    }

    private static let complaintMilliseconds: Int32 = 5000

    /// Replaces the line of the terminal's cursor on standard error.
    package static func rewrite(_ text: String) {
        write("\r\u{1B}[K\(SafeText.line(text))", to: STDERR_FILENO, ending: "")
    }

    /// Writes the program's answer to standard output, and a line break. Throws if it could not be written completely,
    /// so that a part never passes for the whole.
    package static func answer(_ text: String) throws(OutputFailure) {
        try answer(Array("\(SafeText.lines(text))\n".utf8))
    }

    /// Writes bytes to standard output unchanged, and throws if they could not be written completely.
    package static func answer(_ bytes: [UInt8]) throws(OutputFailure) {
        do {
            try WholeBytes.write(bytes[...], to: STDOUT_FILENO)
        } catch {
            // The reader is gone. SIGPIPE would end other programs here, unless it was ignored at the start.
            if error == .brokenPipe { exit(0) }
            throw OutputFailure(reason: "\(error)")
        }
    }

    private static func write(_ text: String, to descriptor: Int32, ending: String = "\n") {
        // If the reader is gone or the disk is full, there is nowhere left to report it.
        try? WholeBytes.write(Array("\(text)\(ending)".utf8)[...], to: descriptor)
    }
}

/// The answer could not be written.
package struct OutputFailure: Error {
    /// Why, in the system's words.
    let reason: String

    /// One sentence that says what is wrong and what to do.
    package var message: String { "The answer cannot be written (\(reason)): see whether its disk is full." }
}

/// Reports progress on standard error if something takes longer than a second: on a terminal in one line, elsewhere on
/// a new line every half a minute.
package struct ProgressLine {
    private let isTerminal: Bool
    private let begun = ContinuousClock.now
    private var nextShown: Duration
    private var hasShown = false

    package init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        nextShown = isTerminal ? .seconds(1) : .seconds(30)
    }

    package var elapsed: Duration { ContinuousClock.now - begun }

    /// Shows a line if it is time for one.
    package mutating func show(_ text: @autoclosure () -> String) {
        let elapsed = elapsed
        guard elapsed >= nextShown else { return }
        nextShown = elapsed + (isTerminal ? .seconds(1) : .seconds(30))
        hasShown = true
        isTerminal ? Output.rewrite(text()) : Output.complain(text())
    }

    /// Clears the progress line.
    package mutating func end() {
        if hasShown, isTerminal { Output.rewrite("") }
        hasShown = false
    }

    /// Does something that does not report its progress, and shows a line meanwhile.
    ///
    /// - Parameter text: the line, from the time that has passed.
    package static func during<Value, Failure>(
        _ text: @escaping @Sendable (Duration) -> String, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let ticking = Ticking(text)
        defer { ticking.end() }
        return try body()
    }

    /// The same for something asynchronous.
    package static func during<Value>(
        _ text: @escaping @Sendable (Duration) -> String, _ body: () async throws -> Value
    ) async throws -> Value {
        let ticking = Ticking(text)
        defer { ticking.end() }
        return try await body()
    }

    /// A line that is shown again and again.
    private struct Ticking {
        private let begun = ContinuousClock.now
        private let isTerminal = isatty(STDERR_FILENO) == 1
        private let timer = DispatchSource.makeTimerSource()

        init(_ text: @escaping @Sendable (Duration) -> String) {
            timer.schedule(deadline: .now() + (isTerminal ? 1 : 30), repeating: isTerminal ? 1 : 30)
            timer.setEventHandler { [begun, isTerminal] in
                let line = text(ContinuousClock.now - begun)
                isTerminal ? Output.rewrite(line) : Output.complain(line)
            }
            timer.resume()
        }

        func end() {
            timer.cancel()
            if isTerminal, ContinuousClock.now - begun >= .seconds(1) { Output.rewrite("") }
        }
    }
}
