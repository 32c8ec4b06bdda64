internal import Console
internal import IPv8

/// How an entry is laid out.
extension FieldReader {
    /// Reads an entry up to the end of the present part.
    mutating func entry() throws(DecodeFault) {
        let start = position
        let count = remaining
        guard count > 0 else { throw DecodeFault(offset: start, reason: "an entry has at least one byte") }
        guard count <= Entry.byteCountMax else {
            throw DecodeFault(
                offset: start + Entry.byteCountMax,
                reason: "an entry has at most \(Entry.byteCountMax) bytes, but this one has \(count)")
        }
        let kind = try number("kind", 1) { $0 == 0 ? "unsigned" : $0 == 1 ? "signed" : "unknown" }
        switch kind {
        case 0:
            let whole = Array(bytes[start..<start + count])
            try take("data", remaining) { Terminal.shown($0) }
            noteIdentity(EntryID(bits: Digest.sha1(whole)))
        case 1: try signedEntry()
        default:
            throw DecodeFault(offset: start, reason: "an entry begins with 00 (unsigned) or 01 (signed)")
        }
    }

    private mutating func signedEntry() throws(DecodeFault) {
        let start = position - 1
        let dataCount = try number("length of the data", 2)
        try take("data", dataCount) { Terminal.shown($0) }
        try number("version", 4) { version in
            "\(version): \(Words.moment(Instant(seconds: Int64(version)))) if it is the time of signing"
        }
        let keyStart = position + 2
        guard let key = try key("signer's key") else {
            throw DecodeFault(
                offset: keyStart, reason: "the key is not the canonical encoding of any of the five kinds of key")
        }
        let needed = key.level.signatureByteCount
        guard remaining == needed else {
            let fault = remaining < needed ? "is cut short: \(remaining)" : "is followed by \(remaining - needed)"
            throw DecodeFault(
                offset: remaining < needed ? position : position + needed,
                reason: "the signature of a \(key.level.rawValue) key has \(needed) bytes and \(fault)"
                    + (remaining < needed ? " are left" : " more"))
        }
        let boundary = position
        let isValid = SignatureVerifier().isValid(
            bytes[boundary..<boundary + needed], of: bytes[start..<boundary], by: key)
        try take("signature", needed) { _ in isValid ? "valid, over everything before it" : "wrong" }
        if !isValid { blame("the signature does not match the signer's key and the entry before it") }
    }

    /// What tells an unsigned entry from others takes no bytes.
    private mutating func noteIdentity(_ id: EntryID) {
        append([
            Field(offset: position, bytes: [], name: "id (SHA-1)", meaning: "\(id)", depth: fields.last?.depth ?? 0)
        ])
    }
}
