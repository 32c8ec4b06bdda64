internal import Console

/// A JSON text in which no string holds a character that commands a terminal or ends a line, however it is written: what
/// a node answers is printed, and it may repeat what strangers have sent it.
enum SafeText {
    /// Replaces such characters by U+FFFD. Bytes that are no UTF-8 are replaced too.
    static func json(_ line: [UInt8]) -> [UInt8] {
        guard !line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return line }
        var safe = String.UnicodeScalarView()
        var rest = String(decoding: line, as: UTF8.self).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                safe.append(scalar.isSafeToShow ? scalar : replacement)
                continue
            }
            guard let kind = rest.popFirst() else { break }
            switch kind {
            case "\"", "\\", "/": safe.append(contentsOf: [scalar, kind])
            case "u": safe.append(contentsOf: escape(&rest))
            default: safe.append(replacement)
            }
        }
        return Array(String(safe).utf8)
    }

    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// What stands for `\uXXXX`, whose first two characters have been read. Halves of pairs stay as they are: what they
    /// make up together is decoded by whoever reads the JSON.
    private static func escape(_ rest: inout Substring.UnicodeScalarView) -> [Unicode.Scalar] {
        let digits = Array(rest.prefix(4))
        guard digits.count == 4, let unit = UInt32(String(String.UnicodeScalarView(digits)), radix: 16) else {
            return [replacement]
        }
        rest.removeFirst(4)
        guard !(0xD800...0xDFFF).contains(unit) else { return ["\\", "u"] + digits }
        guard let scalar = Unicode.Scalar(unit), scalar.isSafeToShow else { return [replacement] }
        return ["\\", "u"] + digits
    }
}
