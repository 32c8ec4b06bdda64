internal import IPv8

/// What a file that should hold a private key, and holds none, seems to be: part of the message to whoever put it there.
struct KeyFileForm: CustomStringConvertible {
    /// Part of a sentence: `it is a public key`.
    let description: String

    private static let privatePrefix = Array("LibNaCLSK:".utf8)
    private static let publicPrefix = Array("LibNaCLPK:".utf8)
    private static let secretBytes = 64

    /// Looks at a file's first kilobyte.
    init(_ bytes: [UInt8]) {
        description =
            KeyFileForm.trailing(bytes) ?? KeyFileForm.known(bytes) ?? "it has \(bytes.count) bytes of another kind"
    }

    /// A key with something behind it that an editor or `echo` has put there.
    private static func trailing(_ bytes: [UInt8]) -> String? {
        let key = KeyFile.withoutLineEnds(bytes).first { (try? PrivateKey(bytes: $0)) != nil }
        guard let key, key.count < bytes.count else { return nil }
        let ends = bytes.count - key.count
        return "it is a key with a line end behind it; remove the last \(ends == 1 ? "byte" : "\(ends) bytes")"
    }

    private static func known(_ bytes: [UInt8]) -> String? {
        let text = String(validating: bytes, as: UTF8.self)
        if bytes.isEmpty { return "it is empty" }
        if bytes.starts(with: Array("-----BEGIN".utf8)) {
            return "it is PEM text; convert an EC key with: openssl ec -in OLD -outform DER -out NEW"
        }
        if bytes.starts(with: publicPrefix) || PublicKey(bytes: bytes) != nil { return "it is a public key" }
        if bytes.starts(with: privatePrefix) {
            return "it has \(bytes.count - privatePrefix.count) bytes behind LibNaCLSK: instead of \(secretBytes)"
        }
        if bytes.count == secretBytes { return "it has \(secretBytes) bytes, but not LibNaCLSK: in front of them" }
        if let text, text.allSatisfy({ $0.isHexDigit || $0.isNewline }) { return "it is hexadecimal text; decode it" }
        if text?.allSatisfy(isBase64) == true { return "it is Base64 text; decode it" }
        if bytes.first == 0x30 { return "it is DER, but not a private key on one of the curves below" }
        return nil
    }

    private static func isBase64(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "+/=_-".contains(character))
            || character.isNewline
    }
}
