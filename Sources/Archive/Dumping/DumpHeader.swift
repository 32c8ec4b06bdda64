package import IPv8

/// What a dump says about itself: nothing about when or by whom it was made, so that the same content gives the same bytes.
package struct DumpHeader: Hashable, Sendable {
    /// Only what came or changed since this moment is in it; `nil` where everything is.
    package var since: Instant?
    /// Only keys that begin with these hexadecimal digits are in it; empty where all are.
    package var prefix: String

    /// The format that this program writes, and the newest that it reads.
    package static let format = 1

    package init(since: Instant? = nil, prefix: String = "") {
        self.since = since
        self.prefix = prefix
    }

    /// Whether the whole of an archive is in it.
    package var isWhole: Bool { since == nil && prefix.isEmpty }

    private static let isIncrement: UInt8 = 1
    private static let fixedBytes = 2 + 1 + 8 + 1

    /// The leaf that stands before all items.
    package var leaf: [UInt8] { bytes }

    /// `format 2 | flags 1 | since 8 | digits 1 | the digits in ASCII`
    var bytes: [UInt8] {
        UInt16(DumpHeader.format).bigEndianBytes + [since == nil ? 0 : DumpHeader.isIncrement]
            + (since?.nanoseconds ?? 0).bigEndianBytes + [UInt8(prefix.utf8.count)] + Array(prefix.utf8)
    }

    /// Reads a header.
    init(_ bytes: [UInt8]) throws(DumpError) {
        let impossible = DumpError.damaged(block: 0, at: DumpLayout.magic.count, detail: "its header is impossible")
        guard bytes.count >= 2 else { throw impossible }
        let format = Int(bytes[0]) << 8 | Int(bytes[1])
        guard format <= DumpHeader.format else {
            throw .newerFormat(found: format, supported: DumpHeader.format)
        }
        guard bytes.count >= DumpHeader.fixedBytes, bytes[2] <= DumpHeader.isIncrement,
            bytes.count == DumpHeader.fixedBytes + Int(bytes[11])
        else { throw impossible }
        let moment = bytes[3..<11].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let digits = String(decoding: bytes[DumpHeader.fixedBytes...], as: UTF8.self)
        guard DumpHeader.isPrefix(digits), bytes[2] == DumpHeader.isIncrement || moment == 0 else { throw impossible }
        self.init(since: bytes[2] == 0 ? nil : Instant(nanoseconds: moment), prefix: digits)
        guard self.bytes == bytes else { throw impossible }
    }

    /// Whether a text is the beginning of a key: lower-case hexadecimal digits, 40 at most.
    package static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 2 * Bits160.byteCount
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// What a dump is sealed with: its root, and the signature of a node if that was asked for.
package struct DumpSeal: Hashable, Sendable {
    /// How many leaves the tree has: the header and the items.
    package var leaves: Int
    /// The root over them.
    package var root: Digest256
    /// Who signed the root, and the signature.
    package var signature: Signature?

    package struct Signature: Hashable, Sendable {
        package var signer: PublicKey
        package var bytes: [UInt8]

        package init(signer: PublicKey, bytes: [UInt8]) {
            self.signer = signer
            self.bytes = bytes
        }
    }

    package init(leaves: Int, root: Digest256, signature: Signature? = nil) {
        self.leaves = leaves
        self.root = root
        self.signature = signature
    }

    /// What a signature is over: `bristlecone dump root | leaves 8 | root 32`.
    package var message: [UInt8] {
        Array("bristlecone dump root".utf8) + UInt64(leaves).bigEndianBytes + root.bytes
    }

    /// The same, signed.
    package func signed(by key: PrivateKey) -> DumpSeal {
        var seal = self
        seal.signature = Signature(signer: key.publicKey, bytes: key.sign(message))
        return seal
    }

    /// Whether its signature is valid; a seal without one has none that could be wrong.
    package func isAuthentic(accordingTo verifier: SignatureVerifier) -> Bool {
        guard let signature else { return true }
        return verifier.isValid(signature.bytes[...], of: message[...], by: signature.signer)
    }

    /// `leaves 8 | root 32 | length 2 | public key | length 2 | signature`
    var bytes: [UInt8] {
        let key = signature?.signer.bytes ?? []
        let made = signature?.bytes ?? []
        return UInt64(leaves).bigEndianBytes + root.bytes + UInt16(clamping: key.count).bigEndianBytes + key
            + UInt16(clamping: made.count).bigEndianBytes + made
    }

    /// Reads a seal; `nil` where it is none.
    init?(_ bytes: [UInt8]) {
        let keyStart = 8 + Digest256.byteCount + 2
        guard bytes.count >= keyStart + 2, let root = Digest256(bytes: bytes[8..<8 + Digest256.byteCount]) else {
            return nil
        }
        let keyEnd = keyStart + (Int(bytes[keyStart - 2]) << 8 | Int(bytes[keyStart - 1]))
        guard bytes.count >= keyEnd + 2 else { return nil }
        let signatureBytes = Array(bytes[(keyEnd + 2)...])
        guard signatureBytes.count == Int(bytes[keyEnd]) << 8 | Int(bytes[keyEnd + 1]) else { return nil }
        let leaves = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var signature: Signature?
        if keyEnd > keyStart {
            guard let signer = PublicKey(bytes: Array(bytes[keyStart..<keyEnd])) else { return nil }
            signature = Signature(signer: signer, bytes: signatureBytes)
        } else if !signatureBytes.isEmpty {
            return nil
        }
        self.init(leaves: Int(clamping: leaves), root: root, signature: signature)
    }
}
