extension Unicode.Scalar {
    /// Whether showing the character does no more than show it: no control character, none that changes the direction
    /// of writing, no end of line.
    package var isSafeToShow: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

/// Text that is safe to show. Names of files, arguments, and whatever a node or an archive says may come from strangers.
package enum SafeText {
    /// What takes the place of a character that is not shown.
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The text as one line: characters that command a terminal, end a line or turn the direction of writing are replaced.
    /// This program's own styles stay.
    package static func line(_ text: String) -> String { replacing(in: text, keepsLines: false) }

    /// The same, but ends of lines stay too.
    package static func lines(_ text: String) -> String { replacing(in: text, keepsLines: true) }

    /// JSON in which such characters are written as escapes. What the JSON says stays the same.
    package static func json(_ text: String) -> String {
        guard !isPlain(text, keepsLines: true) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.isSafeToShow || scalar == "\n" {
                result.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return result
    }

    private static func replacing(in text: String, keepsLines: Bool) -> String {
        guard !isPlain(text, keepsLines: keepsLines) else { return text }
        var result = String.UnicodeScalarView()
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.first {
            if scalar == "\u{1B}", let style = Terminal.styles.first(where: { rest.starts(with: $0.unicodeScalars) }) {
                result += style.unicodeScalars
                rest = rest.dropFirst(style.unicodeScalars.count)
            } else {
                let isKept = scalar.isSafeToShow || keepsLines && scalar == "\n"
                result.append(isKept ? scalar : replacement)
                rest = rest.dropFirst()
            }
        }
        return String(result)
    }

    /// Most text is ASCII without a control character, and there may be millions of lines of it.
    private static func isPlain(_ text: String, keepsLines: Bool) -> Bool {
        text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || keepsLines && $0 == 0x0A }
    }
}
