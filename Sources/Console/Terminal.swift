internal import Glibc

/// How to write for a reader: a person at a terminal, or a program behind a pipe.
package struct Terminal {
    /// Whether to shorten long keys for a person.
    package let shortensKeys: Bool
    /// Whether to use colours.
    package let usesColours: Bool
    /// The width of a line; `nil` if there is no margin.
    package let columns: Int?

    /// For a pipe.
    package static let plain = Terminal(shortensKeys: false, usesColours: false)

    package init(shortensKeys: Bool, usesColours: Bool, columns: Int? = nil) {
        self.shortensKeys = shortensKeys
        self.usesColours = usesColours
        self.columns = columns
    }

    /// For a standard stream. No colours if `NO_COLOR` is set to anything, or on a dumb terminal.
    package init(descriptor: Int32, environment: [String: String]) {
        let isTerminal = isatty(descriptor) == 1
        let wantsColours =
            environment["NO_COLOR", default: ""].isEmpty && environment["TERM", default: "dumb"] != "dumb"
        self.init(
            shortensKeys: isTerminal, usesColours: isTerminal && wantsColours,
            columns: isTerminal ? Terminal.columns(of: descriptor) : nil)
    }

    private static func columns(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The rest of the line after some blanks.
    package func indented(by blanks: Int) -> Terminal {
        Terminal(shortensKeys: shortensKeys, usesColours: usesColours, columns: columns.map { max(1, $0 - blanks) })
    }

    /// The width of a number of hexadecimal digits.
    package func digitsWidth(_ count: Int) -> Int { shortensKeys && count > 16 ? 13 : count }

    /// Hexadecimal digits; for a person only the first and the last few.
    package func digits(_ text: some CustomStringConvertible) -> String {
        let digits = text.description
        guard shortensKeys, digits.count > 16 else { return digits }
        return "\(digits.prefix(8))…\(digits.suffix(4))"
    }

    /// Important text.
    package func strong(_ text: String) -> String { styled(text, "1") }
    /// Less important text.
    package func faint(_ text: String) -> String { styled(text, "2") }
    /// Something in order.
    package func good(_ text: String) -> String { styled(text, "32") }
    /// Something that needs attention.
    package func bad(_ text: String) -> String { styled(text, "31") }

    /// The sequences of the styles. No other sequences reach a terminal.
    static let styles = ["1", "2", "31", "32", "0"].map { "\u{1B}[\($0)m" }

    private func styled(_ text: String, _ code: String) -> String {
        let text = SafeText.line(text)
        return usesColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Data for a person: as text if it is printable, otherwise in hexadecimal digits. Values come from strangers, so
    /// nothing in them may reach the terminal as a command.
    package static func shown(_ data: [UInt8]) -> String {
        guard !data.isEmpty else { return "(empty)" }
        guard let text = String(validating: data, as: UTF8.self), text.unicodeScalars.allSatisfy(\.isSafeToShow) else {
            return "0x" + data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        // A quote in the value could pass for its end, and the rest for a message of this program.
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
