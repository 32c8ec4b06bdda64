internal import Console

/// A text between quotation marks for a message: in one line, no longer than a line, and unable to command a terminal.
package func quoted(_ text: some StringProtocol) -> String {
    let shown = text.unicodeScalars.prefix(quotedScalarsMax).map { scalar in
        scalar.isSafeToShow ? String(scalar) : "\u{FFFD}"
    }
    return "\"" + shown.joined() + (text.unicodeScalars.count > quotedScalarsMax ? "…" : "") + "\""
}

private let quotedScalarsMax = 80

/// A text as one word of a shell's command line.
package func shellWord(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+:@,".contains($0)) }
    return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
