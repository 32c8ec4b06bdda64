internal import Glibc

/// How to write for whoever reads: a person at a terminal, or a program behind a pipe.
package struct Terminal {
    /// Whether long keys are shortened, because a person reads them.
    package let shortensKeys: Bool
    /// Whether colours are understood and wanted.
    package let usesColours: Bool
    /// How many characters a line has room for; `nil` if there is no margin.
    package let columns: Int?

    /// What a pipe gets.
    package static let plain = Terminal(shortensKeys: false, usesColours: false)

    package init(shortensKeys: Bool, usesColours: Bool, columns: Int? = nil) {
        self.shortensKeys = shortensKeys
        self.usesColours = usesColours
        self.columns = columns
    }

    /// How to write to a standard stream. `NO_COLOR`, if it is set to anything, and a dumb terminal mean no colours.
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

    /// What is left of the line behind so many blanks.
    package func indented(by blanks: Int) -> Terminal {
        Terminal(shortensKeys: shortensKeys, usesColours: usesColours, columns: columns.map { max(1, $0 - blanks) })
    }

    /// How wide hexadecimal digits are, of which there are so many.
    package func digitsWidth(_ count: Int) -> Int { shortensKeys && count > 16 ? 13 : count }

    /// Hexadecimal digits: the first and the last few of them for a person.
    package func digits(_ text: some CustomStringConvertible) -> String {
        let digits = text.description
        guard shortensKeys, digits.count > 16 else { return digits }
        return "\(digits.prefix(8))…\(digits.suffix(4))"
    }

    /// Something that matters more than what is around it.
    package func strong(_ text: String) -> String { styled(text, "1") }
    /// Something that matters less.
    package func faint(_ text: String) -> String { styled(text, "2") }
    /// Something that is as it should be.
    package func good(_ text: String) -> String { styled(text, "32") }
    /// Something to look at.
    package func bad(_ text: String) -> String { styled(text, "31") }

    /// The sequences that styles are made of: no others reach a terminal.
    static let styles = ["1", "2", "31", "32", "0"].map { "\u{1B}[\($0)m" }

    private func styled(_ text: String, _ code: String) -> String {
        let text = SafeText.line(text)
        return usesColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Data as a person reads it: as text where it is text that a terminal can show as it is, else in hexadecimal
    /// digits. Values come from strangers: nothing in them reaches the terminal as a command.
    package static func shown(_ data: [UInt8]) -> String {
        guard !data.isEmpty else { return "(empty)" }
        guard let text = String(validating: data, as: UTF8.self), text.unicodeScalars.allSatisfy(\.isSafeToShow) else {
            return "0x" + data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        // A quote within could pass for the end of the value, and what follows it for what the program says.
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
