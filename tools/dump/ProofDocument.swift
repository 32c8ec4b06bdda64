internal import Archive
internal import Console
internal import IPv8

/// The output of `prove` and the input of `check-proof`: `docs/dump-format.md` tells how to check it with any SHA-256.
///
/// Format 1 had neither header nor closing, so a proof from a part of an archive looked like one from the whole.
struct ProofDocument: Codable {
    var format = ProofDocument.format

    /// The only member that is read if a proof's format is unknown.
    struct Format: Decodable {
        var format: Int
    }

    /// The root of the dump's tree and the number of its leaves.
    var root: String
    var leaves: Int
    /// The signer of the root, and the signature; `null` without a signature.
    var publicKey: String?
    var signature: String?
    /// The first leaf, which says what part of an archive the dump is of; `null` in format 1.
    var header: Leaf?
    /// The last leaf, which says how many records were left out; `null` if the dump has none.
    var closing: Leaf?
    var items: [Leaf]

    /// The format that this program writes, and the newest that it reads.
    static let format = 2

    struct Leaf: Codable {
        /// The place of the leaf.
        var leaf: Int
        var item: String
        /// The siblings on the way to the root, the nearest first.
        var path: [String]

        init(_ leaf: Int, _ bytes: [UInt8], _ path: [Digest256]) {
            (self.leaf, item, self.path) = (leaf, Hex.encode(bytes), path.map(\.description))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case format, root, leaves, publicKey, signature, header, closing, items
    }

    /// - Parameter leaves: the header, the items, and the closing if there is one, with their paths.
    init(_ seal: DumpSeal, _ leaves: [Leaf]) {
        (root, self.leaves) = (seal.root.description, seal.leaves)
        header = leaves.first
        closing = seal.leftOut == nil ? nil : leaves.last
        items = Array(leaves.dropFirst().dropLast(seal.leftOut == nil ? 0 : 1))
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
        try container.encode(header, forKey: .header)
        try container.encode(closing, forKey: .closing)
        try container.encode(items, forKey: .items)
    }

    /// The seal that it names; `nil` if the seal is invalid.
    var seal: DumpSeal? {
        guard (1...ProofDocument.format).contains(format), (format == 1) == (header == nil),
            header != nil || closing == nil, let root = Digest256(hex: root), leaves > 1
        else { return nil }
        guard publicKey != nil || signature != nil else { return DumpSeal(leaves: leaves, root: root) }
        guard let signer = publicKey.flatMap({ Hex.decode($0) }).flatMap({ PublicKey(bytes: $0) }),
            let bytes = signature.flatMap({ Hex.decode($0) })
        else { return nil }
        return DumpSeal(leaves: leaves, root: root, signature: DumpSeal.Signature(signer: signer, bytes: bytes))
    }
}

/// What part of an archive a dump contains, according to a proof.
struct ProvenExtent {
    /// The contents of the dump's header.
    var header: DumpHeader
    /// How many damaged records were left out; `nil` for a dump of format 1, which does not say.
    var leftOut: Int?

    /// Reads and checks the first and the last leaf; `nil` for a proof of format 1, which has neither.
    init?(_ document: ProofDocument, _ seal: DumpSeal) throws(ProofDocument.Leaf.Fault) {
        guard let first = document.header else { return nil }
        let bytes = try first.bytes(under: seal)
        guard first.leaf == 0, let header = try? DumpHeader(bytes) else { throw .unreadable }
        self.header = header
        guard header.format > 1 else {
            guard document.closing == nil else { throw .unreadable }
            return
        }
        guard let last = document.closing, last.leaf == seal.leaves - 1 else { throw .unreadable }
        leftOut = DumpSeal.leftOut(closingLeaf: try last.bytes(under: seal))
        guard leftOut != nil else { throw .unreadable }
    }

    /// Whether the dump has everything that the archive had; `nil` if unknown.
    var isWhole: Bool? {
        guard header.isWhole else { return false }
        return leftOut.map { $0 == 0 }
    }

    /// A sentence for people.
    var text: String {
        if isWhole == true { return "the dump is of a whole archive" }
        var parts: [String] = []
        if header.isSalvaged { parts.append("it was salvaged from a damaged one, so anything may be missing") }
        if let start = header.start { parts.append("it only contains what changed after change \(start.change)") }
        if let since = header.since { parts.append("it only contains what changed since \(since.iso8601)") }
        if !header.prefix.isEmpty { parts.append("it only contains keys that begin with \(header.prefix)") }
        if let leftOut, leftOut > 0 {
            parts.append("\(Words.count(leftOut, "damaged record")) \(leftOut == 1 ? "was" : "were") left out")
        }
        if leftOut == nil { parts.append("a dump of format 1 does not say whether damaged records were left out") }
        return "the dump: " + parts.joined(separator: "; ")
    }
}

extension ProofDocument.Leaf {
    /// The leaf's bytes, if it and its path lead to the root.
    func bytes(under seal: DumpSeal) throws(Fault) -> [UInt8] {
        guard let bytes = Hex.decode(item) else { throw .unreadable }
        let siblings = path.compactMap { Digest256(hex: $0) }
        let hash = MerkleRoot().hash(ofLeaf: bytes)
        guard siblings.count == path.count,
            MerklePath.root(ofLeaf: hash, index: leaf, in: seal.leaves, path: siblings) == seal.root
        else { throw .otherRoot }
        return bytes
    }

    /// The item of a leaf, if it leads to the root and its own signatures are valid.
    func check(_ seal: DumpSeal, _ verifier: SignatureVerifier) throws(Fault) -> DumpItem {
        guard let bytes = Hex.decode(item), let item = DumpItem(bytes[...]), item.bytes == bytes else {
            throw .unreadable
        }
        _ = try self.bytes(under: seal)
        guard let content = DumpContent(item), content.entries.allSatisfy({ $0.isAuthentic(accordingTo: verifier) })
        else { throw .signature }
        return item
    }

    enum Fault: String, Error {
        case unreadable = "cannot be read"
        case otherRoot = "does not lead to the root"
        case signature = "leads to the root, but its own signature is wrong"
    }
}
