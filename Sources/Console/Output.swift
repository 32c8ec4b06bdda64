internal import Glibc

/// Writes to the standard streams at once, without a buffer that somebody who waits for a line would wait for.
package enum Output {
    /// Writes a line, or several, to standard output.
    package static func show(_ text: String) { write(SafeText.lines(text), to: STDOUT_FILENO) }

    /// Writes one line to standard error, unless nobody has read from it for some seconds: who waits for this program to end
    /// is not to wait for a reader.
    package static func complain(_ text: String) { complain(safe: SafeText.line(text)) }

    /// Writes several lines to standard error in the same way.
    package static func complainLines(_ text: String) { complain(safe: SafeText.lines(text)) }

    private static func complain(safe text: String) {
        var room = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&room, 1, complaintMilliseconds) > 0 else { return }
        write(text, to: STDERR_FILENO)
    }

    private static let complaintMilliseconds: Int32 = 5000

    /// Writes over the line of a terminal that the cursor stands in, which is standard error's.
    package static func rewrite(_ text: String) {
        write("\r\u{1B}[K\(SafeText.line(text))", to: STDERR_FILENO, ending: "")
    }

    /// Writes what a program was asked for to standard output, with a line's end behind it. What is cut short is not to be
    /// taken for whole.
    package static func answer(_ text: String) throws(OutputFailure) {
        try answer(Array("\(SafeText.lines(text))\n".utf8))
    }

    /// Writes bytes that a program was asked for to standard output as they are.
    package static func answer(_ bytes: [UInt8]) throws(OutputFailure) {
        let code = put(bytes[...], to: STDOUT_FILENO)
        // Nobody reads on. It is the signal that ends other programs then, unless whoever started them has it ignored.
        if code == EPIPE { exit(0) }
        guard code == 0 else { throw OutputFailure(reason: String(cString: strerror(code))) }
    }

    private static func write(_ text: String, to descriptor: Int32, ending: String = "\n") {
        // Nobody reads any more, or the disk is full: there is nowhere left to say so.
        _ = put(Array("\(text)\(ending)".utf8)[...], to: descriptor)
    }

    /// Writes bytes to a descriptor, and waits for room if it is one that does not wait by itself.
    ///
    /// - Returns: zero, or the system's error number if not all of them could be written.
    package static func put(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
                continue
            }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}

/// An answer that did not get to where it was to go.
package struct OutputFailure: Error {
    /// Why, in the system's words.
    let reason: String

    /// One sentence that says what is wrong and what to do.
    package var message: String { "The answer cannot be written (\(reason)): see whether its disk is full." }
}

/// Tells on standard error how far something is that takes longer than a second: a line that is written over on a
/// terminal, a line every half a minute elsewhere.
package struct ProgressLine {
    private let isTerminal: Bool
    private let begun = ContinuousClock.now
    private var nextShown: Duration
    private var hasShown = false

    /// Nothing has been shown yet.
    package init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        nextShown = isTerminal ? .seconds(1) : .seconds(30)
    }

    /// How long it has been going on.
    package var elapsed: Duration { ContinuousClock.now - begun }

    /// Shows a line, if it is time for one.
    package mutating func show(_ text: @autoclosure () -> String) {
        let elapsed = elapsed
        guard elapsed >= nextShown else { return }
        nextShown = elapsed + (isTerminal ? .seconds(1) : .seconds(30))
        hasShown = true
        isTerminal ? Output.rewrite(text()) : Output.complain(text())
    }

    /// Leaves an empty line where progress was.
    package mutating func end() {
        if hasShown, isTerminal { Output.rewrite("") }
        hasShown = false
    }
}
