internal import Console

/// A text between quotation marks for a message: in one line, no longer than a line, and unable to command a terminal.
package func quoted(_ text: some StringProtocol) -> String {
    let shown = text.unicodeScalars.prefix(quotedScalarsMax).map { scalar in
        scalar.isSafeToShow ? String(scalar) : "\u{FFFD}"
    }
    return "\"" + shown.joined() + (text.unicodeScalars.count > quotedScalarsMax ? "…" : "") + "\""
}

private let quotedScalarsMax = 80

/// A text as one word of a shell's command line. Characters that would command a terminal are written as escapes, which
/// bash, zsh and ksh read.
package func shellWord(_ text: String) -> String {
    guard text.unicodeScalars.allSatisfy(\.isSafeToShow) else {
        let escaped = text.utf8.map { byte in
            let isPlain = (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "\\")
            return isPlain ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "$'" + escaped.joined() + "'"
    }
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+:@,".contains($0)) }
    return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
