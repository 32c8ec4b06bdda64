extension Unicode.Scalar {
    /// Whether a terminal just shows the character: it is no control character, line break or change of writing
    /// direction.
    package var isSafeToShow: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

/// Makes text safe to show. File names, arguments, and everything from a node or an archive may come from strangers.
package enum SafeText {
    /// Replaces a character that is not shown.
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The text as one line. Characters that control a terminal, break a line or change the writing direction are
    /// replaced, except this program's own styles.
    package static func line(_ text: String) -> String { replacing(in: text, keepsLines: false) }

    /// The same, but line breaks stay.
    package static func lines(_ text: String) -> String { replacing(in: text, keepsLines: true) }

    /// JSON with such characters escaped, which does not change its meaning.
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

    /// Most text is plain ASCII, and there may be millions of lines of it.
    private static func isPlain(_ text: String, keepsLines: Bool) -> Bool {
        text.utf8.allSatisfy { (0x20..<0x7F).contains($0) || keepsLines && $0 == 0x0A }
    }
}
