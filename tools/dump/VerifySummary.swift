internal import Archive
internal import Console

/// The result of `verify`; its JSON has the same names, in snake case.
struct VerifySummary: Encodable {
    var folder: String
    var sound: Bool
    /// Records that were checked.
    var records: Int
    /// Records by table; empty if the walk did not come to its end, which leaves `signatures` and `quarantined`
    /// open as well.
    var tables: [VerifyReport.Table]
    var signatures: Int?
    var quarantined: Int?
    /// Why the index was not compared; `nil` if it was.
    var indexNotCompared: String?
    /// LMDB's pages that were looked over; `nil` if they could not be.
    var pages: Int?
    var findings: [Finding]
    var seconds: Double
    /// Signatures a second that the library which checks them does here and nothing else; `nil` if the walk was short.
    var bareSignatureRate: Double?

    private enum CodingKeys: CodingKey {
        case folder, sound, records, tables, signatures, quarantined, indexNotCompared, pages, findings, seconds
        case bareSignatureRate
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
        try container.encode(pages, forKey: .pages)
        try container.encode(findings, forKey: .findings)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(bareSignatureRate, forKey: .bareSignatureRate)
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
            lines.append("The index can be rebuilt: stop the node, then bristlecone-dump verify --repair.")
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
            let note = count.name == "quarantine" && count.records > 0 ? ", damaged earlier" : ""
            table.add(count.name, "\(count.records)\(note)")
        }
        table.add("signatures", "\(signatures)\(speedText(signatures))")
        if let pages { table.add("pages", "\(pages)") }
        table.add(
            "index", indexNotCompared.map { "not compared: \($0)" } ?? (hasIndexFaults ? "differs" : "says the same"))
        return table.lines()
    }

    /// How close the check comes to the machine's limit.
    private func speedText(_ signatures: Int) -> String {
        guard let bareSignatureRate else { return "" }
        let rate = Double(signatures) / max(seconds, 0.001)
        return ", \(Int(rate)) a second; libsodium alone does \(Int(bareSignatureRate)) here "
            + "(\(Int((100 * rate / bareSignatureRate).rounded())) %)"
    }

    private var hasIndexFaults: Bool { findings.contains { $0.fault.contains("the index") } }
}
