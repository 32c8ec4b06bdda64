internal import Console

/// What `verify` answers; its JSON has the same names, in snake case.
struct VerifySummary: Encodable {
    var folder: String
    var sound: Bool
    /// Records that were checked.
    var records: Int
    /// Records by table; empty where the walk did not come to its end, which leaves `signatures` and `quarantined`
    /// open as well.
    var tables: [WalkEnd.Table]
    var signatures: Int?
    var quarantined: Int?
    /// Why the index was not compared; `nil` where it was.
    var indexNotCompared: String?
    var findings: [Finding]
    var seconds: Double

    private enum CodingKeys: CodingKey {
        case folder, sound, records, tables, signatures, quarantined, indexNotCompared, findings, seconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(folder, forKey: .folder)
        try container.encode(sound, forKey: .sound)
        try container.encode(records, forKey: .records)
        try container.encode(tables, forKey: .tables)
        try container.encode(signatures, forKey: .signatures)
        try container.encode(quarantined, forKey: .quarantined)
        try container.encode(indexNotCompared, forKey: .indexNotCompared)
        try container.encode(findings, forKey: .findings)
        try container.encode(seconds, forKey: .seconds)
    }

    /// How many findings a person is shown; `--json` has all.
    private static let findingsShownMax = 50

    /// The answer for people.
    func text(on terminal: Terminal) -> String {
        var lines: [String] = []
        for finding in findings.prefix(VerifySummary.findingsShownMax) {
            let key = finding.key.isEmpty ? "" : " \(terminal.digits(finding.key))"
            lines.append("\(terminal.bad("damaged")): \(finding.table)\(key) \(finding.fault)")
        }
        let more = findings.count - VerifySummary.findingsShownMax
        if more > 0 { lines.append(terminal.faint("… and \(more) more: bristlecone-dump verify --json")) }
        lines.append(verdict(terminal))
        lines += countLines()
        if hasIndexFaults {
            lines.append("The index can be rebuilt: stop the node, move index.sqlite away, start the node.")
        }
        return lines.joined(separator: "\n")
    }

    private func verdict(_ terminal: Terminal) -> String {
        let size =
            "\(Words.count(records, "record")) in \(Words.time(.seconds(seconds))) "
            + "(\(Int(Double(records) / max(seconds, 0.001))) a second)"
        return sound
            ? "\(terminal.good("Sound")): \(size)"
            : "\(terminal.bad("Not sound")): \(Words.count(findings.count, "fault")) in \(size)"
    }

    private func countLines() -> [String] {
        guard let signatures else { return [] }
        var table = TextTable()
        for count in tables {
            let note = count.name == "quarantine" && count.records > 0 ? ", damaged earlier and kept as they were" : ""
            table.add(count.name, "\(count.records)\(note)")
        }
        table.add("signatures", "\(signatures)")
        table.add(
            "index", indexNotCompared.map { "not compared: \($0)" } ?? (hasIndexFaults ? "differs" : "says the same"))
        return table.lines()
    }

    private var hasIndexFaults: Bool { findings.contains { $0.fault.contains("the index") } }
}
