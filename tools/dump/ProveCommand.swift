internal import Archive
internal import ArgumentParser
internal import Console
internal import IPv8

/// `bristlecone-dump prove`
struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Prove that the items under a key are in a dump: the items, and their paths to its root.",
        discussion: """
            Writes JSON that "bristlecone-dump check-proof" checks: one to two kilobytes for each value, however large \
            the dump is. Anyone who trusts the dump's root needs nothing else. The proof also shows whether the dump \
            was of a whole archive or of a part of it. This command reads and checks the whole dump. The exit status \
            is 1 if nothing is under the key.

            For example:

              bristlecone-dump prove greeting archive.dump > greeting.proof
              bristlecone-dump check-proof greeting.proof --root 5d41402abc4b2a76b9719d911017c592...
            """)

    @OptionGroup var argument: KeyArgument

    @Argument(help: ArgumentHelp("The dump, or lines of JSON or CSV; - is standard input.", valueName: "dump"))
    var dump: String

    /// An archive never has more under one key.
    private static let itemsMax = 65_536

    mutating func run() throws {
        let name = InputFile.name(dump)
        let input = try InputFile.openTwice(dump, temporaryFolder: TemporaryFolder.path)
        do {
            let (seal, found) = try find(input)
            guard !found.isEmpty else {
                throw DumpFailure(
                    message: "There is nothing under \(argument.key) in \(dump).", status: DumpFailure.found)
            }
            let header = try ItemSource(input.fromStart(named: name)).header
            var leaves: [(place: Int, bytes: [UInt8])] = [(0, header.leaf)]
            leaves += found.map { (place: $0.leaf, bytes: $0.item.bytes) }
            if let closing = seal.closingLeaf { leaves.append((place: seal.leaves - 1, bytes: closing)) }
            let paths = try paths(of: leaves.map(\.place), seal, ItemSource(input.fromStart(named: name)))
            guard let paths else { throw FileFailure(name, "changed while it was read: try again.") }
            let proven = zip(leaves, paths).map { ProofDocument.Leaf($0.place, $0.bytes, $1) }
            try Output.answer(try JSONText.encode(ProofDocument(seal, proven)))
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
    }

    /// The paths of leaves, found by reading the dump once more; `nil` if it is another one now.
    private func paths(of leaves: [Int], _ seal: DumpSeal, _ given: ItemSource) throws -> [[Digest256]]? {
        var source = given
        var paths = MerklePaths(ofLeaves: leaves, in: seal.leaves)
        let hasher = MerkleRoot()
        paths.add(hasher.hash(ofLeaf: source.header.leaf))
        while let item = try source.next() { paths.add(hasher.hash(ofLeaf: item.bytes)) }
        if let closing = seal.closingLeaf { paths.add(hasher.hash(ofLeaf: closing)) }
        return source.seal == seal ? paths.paths : nil
    }

    /// A proof's text, without the mark that some editors write before the first character.
    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...], as: UTF8.self)
    }

    /// Reads the dump to its end. Returns its seal, and the items about the key.
    private func find(_ input: DumpInput) throws -> (DumpSeal, [(leaf: Int, item: DumpItem)]) {
        var progress = ProgressLine()
        var source = try ItemSource(input)
        var found: [(leaf: Int, item: DumpItem)] = []
        while let item = try source.next() {
            if item.target == argument.key.bits, found.count < ProveCommand.itemsMax {
                found.append((source.leafCount - 1, item))
            }
            progress.show("reading \(dump): \(Words.space(input.offset))")
        }
        progress.end()
        guard let seal = source.seal else { throw DumpError.notADump }
        return (seal, found)
    }
}

/// `bristlecone-dump check-proof`
struct CheckProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-proof",
        abstract: "Check the output of \"prove\", without the dump.",
        discussion: """
            Follows each item's path to the root, and checks the item's own signature and the signature of the root if \
            there is one. Name the root that you trust with --root, or the node whose signature you trust with \
            --signed-by; without either, the proof only shows that it is consistent with itself. The exit status is 1 \
            if the proof does not hold.

            For example:

              bristlecone-dump check-proof greeting.proof --signed-by 2db9c2a1d2b5f6fd7a1ec2f2e7b5cd0a3f4c6d19
            """)

    @Argument(help: ArgumentHelp("The proof; - is standard input.", valueName: "proof"))
    var proof: String

    @Option(help: ArgumentHelp("The root that you trust.", valueName: "digits"))
    var root: String?

    @Option(help: ArgumentHelp("The node whose signature you trust.", valueName: "mid"))
    var signedBy: String?

    @Flag(help: "Print the answer as JSON.")
    var json = false

    private static let proofBytesMax = 256 << 20

    mutating func validate() throws {
        if let root, Digest256(hex: root) == nil { throw ValidationError("A root is 64 hexadecimal digits.") }
        if let signedBy, Mid(hex: signedBy) == nil { throw ValidationError("A mid is 40 hexadecimal digits.") }
    }

    mutating func run() throws {
        let name = InputFile.name(proof)
        let bytes: [UInt8]
        do {
            bytes = try InputFile.open(proof).read(CheckProofCommand.proofBytesMax)
        } catch let error as DumpError {
            throw FileFailure(name, error)
        }
        let text = ProveCommand.text(bytes)
        if let format = try? JSONText.decode(ProofDocument.Format.self, from: text.utf8).format,
            format > ProofDocument.format
        {
            throw FileFailure(name, .newerFormat("proof", found: format, supported: ProofDocument.format))
        }
        guard let document = try? JSONText.decode(ProofDocument.self, from: text.utf8), let seal = document.seal else {
            throw FileFailure(name, "is no proof that \"bristlecone-dump prove\" wrote: name another file.")
        }
        let verifier = SignatureVerifier()
        let report = ProofReport(document, seal, sealFault: fault(of: seal, verifier), verifier)
        try Output.answer(json ? try JSONText.encode(report) : report.text(on: OutputOptions.terminal))
        if !report.holds { throw ExitCode(DumpFailure.found) }
    }

    private func fault(of seal: DumpSeal, _ verifier: SignatureVerifier) -> String? {
        if let root, Digest256(hex: root) != seal.root { return "the root is not the trusted one" }
        guard seal.isAuthentic(accordingTo: verifier) else { return "the signature of the root is wrong" }
        if let signedBy, seal.signature?.signer.mid != Mid(hex: signedBy) {
            return "the root is not signed by the trusted node"
        }
        return nil
    }
}

/// The result of `check-proof`; its JSON has the same names, in snake case.
struct ProofReport: Encodable {
    var holds: Bool
    var root: String
    var leaves: Int
    var signedBy: String?
    /// What part of an archive the dump contains; a proof of format 1 does not say.
    private var extent: ProvenExtent?
    var items: [Item]
    var faults: [String]

    struct Item: Encodable {
        var leaf: Int
        var kind, key, id: String
        var version: UInt32?
        var data: String?

        init(leaf: Int, _ item: DumpItem) {
            let words = ItemWords(item)
            (self.leaf, kind, key, id, version) = (leaf, item.kind.name, words.key, words.id, words.version)
            data = words.data.map { Hex.encode($0) }
        }

        private enum CodingKeys: CodingKey {
            case leaf, kind, key, id, version, data
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(leaf, forKey: .leaf)
            try container.encode(kind, forKey: .kind)
            try container.encode(key, forKey: .key)
            try container.encode(id, forKey: .id)
            try container.encode(version, forKey: .version)
            try container.encode(data, forKey: .data)
        }
    }

    private enum CodingKeys: CodingKey {
        case holds, root, leaves, signedBy, whole, since, prefix, salvaged, leftOut, items, faults
    }

    init(_ document: ProofDocument, _ seal: DumpSeal, sealFault: String?, _ verifier: SignatureVerifier) {
        (root, leaves) = (seal.root.description, seal.leaves)
        signedBy = seal.signature?.signer.mid.description
        items = []
        faults = sealFault.map { [$0] } ?? []
        if document.items.isEmpty { faults.append("it has no items") }
        do {
            extent = try ProvenExtent(document, seal)
        } catch {
            faults.append("the header or the closing of the dump \(error.rawValue)")
        }
        for leaf in document.items {
            do {
                let item = try leaf.check(seal, verifier)
                items.append(Item(leaf: leaf.leaf, item))
            } catch {
                faults.append("leaf \(leaf.leaf) \(error.rawValue)")
            }
        }
        holds = faults.isEmpty
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(holds, forKey: .holds)
        try container.encode(root, forKey: .root)
        try container.encode(leaves, forKey: .leaves)
        try container.encode(signedBy, forKey: .signedBy)
        try container.encode(extent?.isWhole, forKey: .whole)
        try container.encode(extent?.header.since.map(\.iso8601), forKey: .since)
        try container.encode(extent?.header.prefix, forKey: .prefix)
        try container.encode(extent?.header.isSalvaged, forKey: .salvaged)
        try container.encode(extent?.leftOut, forKey: .leftOut)
        try container.encode(items, forKey: .items)
        try container.encode(faults, forKey: .faults)
    }

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        var lines = faults.map { "\(terminal.bad("Does not hold")): \($0)" }
        if holds {
            lines.append("\(terminal.good("Holds")): \(Words.count(items.count, "item")) of a dump with the root")
        }
        lines.append("  \(root)")
        if let signedBy { lines.append("  signed by \(signedBy)") }
        if holds {
            lines.append(
                "  \(extent?.text ?? "a proof of format 1 does not say whether the dump was of a whole archive")")
        }
        for item in items {
            let version = item.version.map { " version \($0)" } ?? ""
            let data = item.data.flatMap { Hex.decode($0) }.map { " " + Terminal.shown($0) } ?? ""
            lines.append("  leaf \(item.leaf): \(item.kind) \(item.key) \(item.id)\(version)\(data)")
        }
        return lines.joined(separator: "\n")
    }
}
