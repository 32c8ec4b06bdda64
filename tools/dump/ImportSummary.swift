internal import Archive
internal import Console
internal import IPv8

/// The result of `import`; its JSON has the same names, in snake case.
struct ImportSummary: Encodable {
    var dump = ""
    var folder = ""
    var root = ""
    var signedBy: String?
    /// Whether there was no archive before.
    var begunArchive = false
    /// Items in the dump, and how many of them an earlier import had done.
    var items = 0
    var resumedAt = 0
    var taken = 0
    var held = 0
    var superseded = 0
    var conflicting = 0
    var leftOut = 0
    /// Records of blocked keys and signers that were erased at the end.
    var erased = 0
    /// By reason.
    var refused: [String: Int] = [:]
    /// The first thousand that were refused or conflict.
    var refusals: [Refused] = []
    var indexFailure: String?
    var seconds = 0.0

    struct Refused: Encodable {
        var kind, key, id, reason: String
        var version: UInt32?

        private enum CodingKeys: CodingKey {
            case kind, key, id, reason, version
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kind, forKey: .kind)
            try container.encode(key, forKey: .key)
            try container.encode(id, forKey: .id)
            try container.encode(reason, forKey: .reason)
            try container.encode(version, forKey: .version)
        }
    }

    private static let refusalsMax = 1000
    private static let refusalsShownMax = 50

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
        try container.encode(items, forKey: .items)
        try container.encode(resumedAt, forKey: .resumedAt)
        try container.encode(taken, forKey: .taken)
        try container.encode(held, forKey: .held)
        try container.encode(superseded, forKey: .superseded)
        try container.encode(conflicting, forKey: .conflicting)
        try container.encode(leftOut, forKey: .leftOut)
        try container.encode(erased, forKey: .erased)
        try container.encode(refused, forKey: .refused)
        try container.encode(refusals, forKey: .refusals)
        try container.encode(indexFailure, forKey: .indexFailure)
        try container.encode(seconds, forKey: .seconds)
    }

    /// Items that something has become of in this run.
    var done: Int { taken + held + superseded + conflicting + leftOut + refusedCount }
    var refusedCount: Int { refused.values.reduce(0, +) }
    /// Whether the archive had no room for all of it.
    var isFull: Bool { refused[ImportRefusal.full.rawValue] != nil }
    /// Whether the archive now has everything in this version or a later one.
    var isComplete: Bool { refused.isEmpty && conflicting == 0 }

    mutating func add(_ outcome: ImportOutcome, _ item: DumpItem) {
        switch outcome {
        case .taken: taken += 1
        case .held: held += 1
        case .superseded: superseded += 1
        case .leftOut: leftOut += 1
        case .conflicting:
            conflicting += 1
            note("conflict", item)
        case .refused(let refusal):
            refused[refusal.rawValue, default: 0] += 1
            if refusal != .full { note(refusal.rawValue, item) }
        }
    }

    private mutating func note(_ reason: String, _ item: DumpItem) {
        guard refusals.count < ImportSummary.refusalsMax else { return }
        let words = ItemWords(item)
        refusals.append(
            Refused(kind: item.kind.name, key: words.key, id: words.id, reason: reason, version: words.version))
    }

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        var lines = refusals.prefix(ImportSummary.refusalsShownMax).map { refused in
            let version = refused.version.map { " version \($0)" } ?? ""
            return "\(terminal.bad("not taken")): \(refused.kind) \(terminal.digits(refused.key)) "
                + "\(terminal.digits(refused.id))\(version) (\(refused.reason))"
        }
        if refusals.count > lines.count { lines.append(terminal.faint("… and more: bristlecone-dump import --json")) }
        let rate = Int(Double(done) / max(seconds, 0.001))
        lines.append(
            "Imported \(SafeText.line(dump)) into \(SafeText.line(folder))\(begunArchive ? ", a new archive" : ""): \(Words.count(done, "item")) in "
                + "\(Words.time(.seconds(seconds))) (\(rate) a second)")
        var table = TextTable()
        if resumedAt > 0 { table.add("done before", "\(resumedAt): an earlier import was interrupted there") }
        table.add("taken", "\(taken)")
        if held > 0 { table.add("held already", "\(held)") }
        if superseded > 0 { table.add("superseded", "\(superseded): the archive has, or had, a later version") }
        if conflicting > 0 { table.add("conflicting", "\(conflicting): something else has this place, and stays") }
        if leftOut > 0 { table.add("left out", "\(leftOut): pins, publications, blocks and floors") }
        if erased > 0 { table.add("erased", "\(erased): records of blocked keys and signers") }
        for refusal in ImportRefusal.allCases {
            guard let count = refused[refusal.rawValue] else { continue }
            table.add("refused", "\(count) \(refusal.text)")
        }
        table.add("root", root)
        if let signedBy { table.add("signed by", signedBy) }
        if let indexFailure { table.add("index", "was not updated (\(indexFailure)); a node rebuilds it") }
        return (lines + table.lines()).joined(separator: "\n")
    }
}

struct ItemWords {
    /// The key of the DHT, or the subject of a pin or a block.
    var key = ""
    /// The signer's mid, or the SHA-1 of the unsigned value; empty if there is none.
    var id = ""
    var version: UInt32?
    var data: [UInt8]?

    init(_ item: DumpItem) {
        key = Target(bits: item.target).description
        guard let row = DumpRow(item) else { return }
        id = row[.id] ?? ""
        key = row[.key] ?? id
        version = row[.version].flatMap { UInt32($0) }
        data = row[.data].flatMap { Hex.decode($0) }
    }
}
