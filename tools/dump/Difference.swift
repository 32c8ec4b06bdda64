internal import Archive
internal import Console
internal import IPv8

/// Something that two archives do not agree about; its JSON has the same names, in snake case.
struct Difference: Encodable {
    /// `added`, `removed` or `changed`.
    var change: String
    var kind, key, id: String
    /// Before and after; `null` if there is none.
    var versionBefore: UInt32?
    var versionAfter: UInt32?
    /// Other differences, by the columns of an export.
    var columns: [String]
    private var data: [UInt8]?

    init(added item: DumpItem) {
        self.init("added", item)
        versionAfter = ItemWords(item).version
    }

    init(removed item: DumpItem) {
        self.init("removed", item)
        versionBefore = ItemWords(item).version
    }

    /// `nil` if the difference does not count.
    ///
    /// - Parameter contentOnly: whether to ignore times and provenance.
    init?(_ old: DumpItem, _ new: DumpItem, contentOnly: Bool) {
        let (before, after) = (DumpRow(old), DumpRow(new))
        let differing = DumpRow.Column.allCases.filter { before?[$0] != after?[$0] }
        if contentOnly, !differing.contains(where: { Difference.contentColumns.contains($0) }) { return nil }
        self.init("changed", new)
        versionBefore = ItemWords(old).version
        versionAfter = ItemWords(new).version
        columns = differing.filter { $0 != .version && $0 != .entry }.map(\.rawValue)
    }

    private init(_ change: String, _ item: DumpItem) {
        let words = ItemWords(item)
        (self.change, kind, key, id, columns, data) = (change, item.kind.name, words.key, words.id, [], words.data)
    }

    /// The columns for key, signer, version and data.
    private static let contentColumns: Set<DumpRow.Column> = [
        .kind, .key, .class, .id, .number, .version, .data, .publicKey, .withdrawn, .entry, .offered,
    ]

    private enum CodingKeys: CodingKey {
        case change, kind, key, id, versionBefore, versionAfter, columns
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(change, forKey: .change)
        try container.encode(kind, forKey: .kind)
        try container.encode(key, forKey: .key)
        try container.encode(id, forKey: .id)
        try container.encode(versionBefore, forKey: .versionBefore)
        try container.encode(versionAfter, forKey: .versionAfter)
        try container.encode(columns, forKey: .columns)
    }

    /// A line for people.
    func text(on terminal: Terminal) -> String {
        let subject = "\(kind) \(terminal.digits(key))" + (id.isEmpty || id == key ? "" : " \(terminal.digits(id))")
        let shown = data.map { " " + Terminal.shown($0) } ?? ""
        switch change {
        case "added": return terminal.good("+ \(subject)") + (versionAfter.map { " version \($0)" } ?? "") + shown
        case "removed": return terminal.bad("- \(subject)") + (versionBefore.map { " version \($0)" } ?? "") + shown
        default:
            let versions =
                versionBefore == versionAfter
                ? versionAfter.map { " version \($0)" } ?? ""
                : " version \(versionBefore.map { "\($0)" } ?? "-") to \(versionAfter.map { "\($0)" } ?? "-")"
            return "~ \(subject)\(versions)" + (columns.isEmpty ? "" : ": \(columns.joined(separator: ", "))")
        }
    }
}

/// The last line of `diff`.
struct DiffSummary: Encodable {
    var a, b: String
    var compared = 0
    var added = 0
    var removed = 0
    var changed = 0
    /// Records that were left out because they are damaged.
    var damaged = 0

    init(a: String, b: String) { (self.a, self.b) = (a, b) }

    var differences: Int { added + removed + changed }

    mutating func add(_ difference: Difference) {
        switch difference.change {
        case "added": added += 1
        case "removed": removed += 1
        default: changed += 1
        }
    }

    func text() -> String {
        let left = damaged == 0 ? "" : "; \(Words.count(damaged, "damaged record")) left out"
        guard differences > 0 else { return "The same: \(Words.count(compared, "item"))\(left)" }
        return "\(added) added, \(removed) removed, \(changed) changed, of \(Words.count(compared, "item"))\(left)"
    }
}
