package import IPv8

/// What a dump is sealed with: its root, and the signature of a node if that was asked for.
package struct DumpSeal: Hashable, Sendable {
    /// How many leaves the tree has: the header, the items, and from format 2 on the closing.
    package var leaves: Int
    /// The root over them.
    package var root: Digest256
    /// How many records were left out because they are damaged; `nil` if the dump does not tell, as in format 1.
    package var leftOut: Int?
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

    package init(leaves: Int, root: Digest256, leftOut: Int? = nil, signature: Signature? = nil) {
        self.leaves = leaves
        self.root = root
        self.leftOut = leftOut
        self.signature = signature
    }

    /// Closes a tree that has the header and all items.
    package init(closing tree: inout MerkleRoot, of header: DumpHeader, leftOut: Int) {
        if header.hasClosing { tree.add(tree.hash(ofLeaf: DumpSeal.closingLeaf(leftOut: leftOut))) }
        guard let root = tree.root else { preconditionFailure("the header is a leaf") }
        self.init(leaves: tree.count, root: root, leftOut: header.hasClosing ? max(0, leftOut) : nil)
    }

    /// How many items the dump has.
    package var items: Int { max(0, leaves - (leftOut == nil ? 1 : 2)) }

    /// The last leaf, behind all items; `nil` if the dump has no such leaf.
    package var closingLeaf: [UInt8]? { leftOut.map { DumpSeal.closingLeaf(leftOut: $0) } }

    private static let closingKind: UInt8 = 0xFF

    /// `FF | left out 8`: begins neither like a header nor like an item.
    package static func closingLeaf(leftOut: Int) -> [UInt8] {
        [closingKind] + UInt64(max(0, leftOut)).bigEndianBytes
    }

    /// The number of records left out, as a closing leaf says; `nil` if the leaf is not a closing one.
    package static func leftOut(closingLeaf bytes: [UInt8]) -> Int? {
        guard bytes.count == 9, bytes[0] == closingKind else { return nil }
        return Int(exactly: bytes[1...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
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

    /// `leaves 8 | root 32 | left out 8, from format 2 on | length 2 | public key | length 2 | signature`
    var bytes: [UInt8] {
        let key = signature?.signer.bytes ?? []
        let made = signature?.bytes ?? []
        return UInt64(leaves).bigEndianBytes + root.bytes + (closingLeaf?.dropFirst() ?? [])
            + UInt16(clamping: key.count).bigEndianBytes + key + UInt16(clamping: made.count).bigEndianBytes + made
    }

    /// Reads a seal; `nil` if it is not one.
    init?(_ bytes: [UInt8], of header: DumpHeader) {
        let rootEnd = 8 + Digest256.byteCount
        let keyStart = rootEnd + (header.hasClosing ? 8 : 0) + 2
        guard bytes.count >= keyStart + 2, let root = Digest256(bytes: bytes[8..<rootEnd]) else { return nil }
        var leftOut: Int?
        if header.hasClosing {
            leftOut = DumpSeal.leftOut(closingLeaf: [DumpSeal.closingKind] + bytes[rootEnd..<rootEnd + 8])
            guard leftOut != nil else { return nil }
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
        self.init(leaves: Int(clamping: leaves), root: root, leftOut: leftOut, signature: signature)
    }
}
