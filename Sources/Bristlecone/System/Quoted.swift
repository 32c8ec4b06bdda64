/// A text between quotation marks for a message: in one line, no longer than a line, and unable to command a terminal.
func quoted(_ text: some StringProtocol) -> String {
    let shown = text.unicodeScalars.prefix(quotedScalarsMax).map { scalar in
        scalar.isSafeToShow ? String(scalar) : "\u{FFFD}"
    }
    return "\"" + shown.joined() + (text.unicodeScalars.count > quotedScalarsMax ? "…" : "") + "\""
}

private let quotedScalarsMax = 80

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
