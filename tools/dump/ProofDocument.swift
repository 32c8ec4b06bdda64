internal import Archive
internal import Console
internal import IPv8

/// What `prove` writes and `check-proof` reads: `docs/dump-format.md` tells how to check it with any SHA-256.
struct ProofDocument: Codable {
    var format = 1
    /// The root of the dump's tree and the number of its leaves.
    var root: String
    var leaves: Int
    /// Who signed the root, and the signature; `null` where nobody did.
    var publicKey: String?
    var signature: String?
    var items: [Item]

    struct Item: Codable {
        /// The place of the leaf.
        var leaf: Int
        /// The leaf itself.
        var item: String
        /// The siblings on the way to the root, the nearest first.
        var path: [String]
    }

    private enum CodingKeys: String, CodingKey {
        case format, root, leaves, publicKey, signature, items
    }

    init(_ seal: DumpSeal, _ items: [Item]) {
        (root, leaves, self.items) = (seal.root.description, seal.leaves, items)
        publicKey = seal.signature.map { Hex.encode($0.signer.bytes) }
        signature = seal.signature.map { Hex.encode($0.bytes) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(format, forKey: .format)
        try container.encode(root, forKey: .root)
        try container.encode(leaves, forKey: .leaves)
        try container.encode(publicKey, forKey: .publicKey)
        try container.encode(signature, forKey: .signature)
        try container.encode(items, forKey: .items)
    }

    /// The seal that it names; `nil` where it is none.
    var seal: DumpSeal? {
        guard format == 1, let root = Digest256(hex: root), leaves > 1 else { return nil }
        guard publicKey != nil || signature != nil else { return DumpSeal(leaves: leaves, root: root) }
        guard let signer = publicKey.flatMap({ Hex.decode($0) }).flatMap({ PublicKey(bytes: $0) }),
            let bytes = signature.flatMap({ Hex.decode($0) })
        else { return nil }
        return DumpSeal(leaves: leaves, root: root, signature: DumpSeal.Signature(signer: signer, bytes: bytes))
    }
}

extension ProofDocument.Item {
    /// What the leaf says, if it and its path lead to the root and its own signatures are valid; else what is wrong.
    func check(_ seal: DumpSeal, _ verifier: SignatureVerifier) -> Result<DumpItem, Fault> {
        guard let bytes = Hex.decode(item), let item = DumpItem(bytes[...]), item.bytes == bytes else {
            return .failure(.unreadable)
        }
        let siblings = path.compactMap { Digest256(hex: $0) }
        let hash = MerkleRoot().hash(ofLeaf: bytes)
        guard siblings.count == path.count,
            MerklePath.root(ofLeaf: hash, index: leaf, in: seal.leaves, path: siblings) == seal.root
        else { return .failure(.otherRoot) }
        guard let content = DumpContent(item), content.entries.allSatisfy({ $0.isAuthentic(accordingTo: verifier) })
        else { return .failure(.signature) }
        return .success(item)
    }

    enum Fault: String, Error {
        case unreadable = "cannot be read"
        case otherRoot = "does not lead to the root"
        case signature = "leads to the root, but its own signature is wrong"
    }
}
