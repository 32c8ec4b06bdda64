internal import Glibc

/// Writes to the standard streams at once, without a buffer that somebody who waits for a line would wait for.
enum Output {
    /// Writes a line, or several, to standard output.
    static func show(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array("\(text)\n".utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more, or the disk is full: there is nowhere left to say so.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
