internal import Glibc

/// Writes to the standard streams at once, without a buffer that somebody who waits for a line would wait for.
package enum Output {
    /// Writes a line, or several, to standard output.
    package static func show(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    package static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Writes over the line of a terminal that the cursor stands in, which is standard error's.
    package static func rewrite(_ text: String) { write("\r\u{1B}[K\(text)", to: STDERR_FILENO, ending: "") }

    /// Writes bytes to standard output as they are.
    ///
    /// - Returns: zero, or the system's number for why not all of them could be written.
    package static func put(_ bytes: [UInt8]) -> Int32 { put(bytes[...], to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32, ending: String = "\n") {
        // Nobody reads any more, or the disk is full: there is nowhere left to say so.
        _ = put(Array("\(text)\(ending)".utf8)[...], to: descriptor)
    }

    private static func put(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : EIO }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
