internal import Archive
internal import Console
internal import IPv8

/// The result of `import`; its JSON has the same names, in snake case.
struct ImportSummary: Encodable {
    var dump = ""
    var folder = ""
    var root: String
    var signedBy: String?
    /// Whether there was no archive before.
    var begunArchive = false
    var tally: ImportTally
    var indexFailure: String?
    var seconds = 0.0

    init(_ check: DumpCheck, _ tally: ImportTally) {
        root = check.seal.root.description
        signedBy = check.seal.signature?.signer.mid.description
        self.tally = tally
    }

    private enum CodingKeys: CodingKey {
        case dump, folder, root, signedBy, begunArchive, items, resumedAt, taken, held, superseded, conflicting, leftOut
        case erased, refused, refusals, indexFailure, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dump, forKey: .dump)
        try container.encode(folder, forKey: .folder)
        try container.encode(root, forKey: .root)
        try container.encode(signedBy, forKey: .signedBy)
        try container.encode(begunArchive, forKey: .begunArchive)
        try container.encode(tally.items, forKey: .items)
        try container.encode(tally.resumedAt, forKey: .resumedAt)
        try container.encode(tally.taken, forKey: .taken)
        try container.encode(tally.held, forKey: .held)
        try container.encode(tally.superseded, forKey: .superseded)
        try container.encode(tally.conflicting, forKey: .conflicting)
        try container.encode(tally.leftOut, forKey: .leftOut)
        try container.encode(tally.erased, forKey: .erased)
        try container.encode(tally.refused, forKey: .refused)
        try container.encode(tally.refusals, forKey: .refusals)
        try container.encode(indexFailure, forKey: .indexFailure)
        try container.encode(seconds, forKey: .seconds)
    }

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        var lines = tally.refusals.prefix(ImportText.refusalsShownMax).map { item in
            ImportText.refusal(
                kind: item.kind, key: item.key, id: item.id, version: item.version, reason: item.reason, on: terminal)
        }
        if tally.refusals.count > lines.count {
            lines.append(terminal.faint("… and more: bristlecone-dump import --json"))
        }
        let rate = Int(Double(tally.done) / max(seconds, 0.001))
        lines.append(
            "Imported \(SafeText.line(dump)) into \(SafeText.line(folder))\(begunArchive ? ", a new archive" : ""): \(Words.count(tally.done, "item")) in "
                + "\(Words.time(.seconds(seconds))) (\(rate) a second)")
        var table = TextTable()
        table.addItems(
            resumedAt: tally.resumedAt, taken: tally.taken, held: tally.held, superseded: tally.superseded,
            conflicting: tally.conflicting, leftOut: tally.leftOut, erased: tally.erased, refused: tally.refused)
        table.add("root", root)
        if let signedBy { table.add("signed by", signedBy) }
        if let indexFailure { table.add("index", "was not updated (\(indexFailure)); a node rebuilds it") }
        return (lines + table.lines()).joined(separator: "\n")
    }
}
