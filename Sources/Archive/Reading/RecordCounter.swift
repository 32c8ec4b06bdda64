internal import IPv8

/// Counts records that come in the order of their keys: the numbers that the record of the counts should have.
struct RecordCounter {
    private(set) var counts = CountsRecord()
    private var target: Target?

    /// Counts a record in.
    ///
    /// - Parameter valueBytes: how many bytes its value has.
    mutating func count(_ key: UnsafeRawBufferPointer, valueBytes: Int, in table: Table) {
        if let budget = Budget.allCases.first(where: { $0.table == table }) {
            counts[budget].add(Usage(count: 1, bytes: key.count + valueBytes))
        }
        counts.statements?.add(1, to: table)
        guard table == .entries, let key = EntryKey(key) else { return }
        if key.target != target { counts.targets += 1 }
        target = key.target
        counts.add(key.entryClass, count: 1, bytes: EntryRecord.entryBytes(ofRecord: valueBytes))
    }
}

extension CountsRecord {
    /// Where the tables hold something else than the counts say, and how much of it.
    ///
    /// - Parameter held: what the tables hold.
    func differences(from held: CountsRecord) -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        for budget in Budget.allCases where self[budget] != held[budget] {
            findings.append(
                VerifyFinding(
                    table: budget.table.name, key: [],
                    fault: CountsRecord.difference(
                        (self[budget].count, held[budget].count), (self[budget].bytes, held[budget].bytes))))
        }
        // An archive of format 1 does not say how many of these there are.
        for table in StatementCounts.tables {
            guard let says = statements?[table], let holds = held.statements?[table], says != holds else { continue }
            let difference = says > holds ? "\(says - holds) missing" : "\(holds - says) too many"
            findings.append(
                VerifyFinding(
                    table: table.name, key: [],
                    fault: "holds \(holds) records, and the counts say \(says): \(difference)"))
        }
        var held = held
        if statements == nil { held.statements = nil }
        if findings.isEmpty, self != held {
            let (says, holds) = (entries.reduce(0, +), held.entries.reduce(0, +))
            findings.append(
                VerifyFinding(
                    table: Table.meta.name, key: Array(CountsRecord.key.utf8),
                    fault:
                        "says that there are \(says) values of \(entryBytes) bytes under \(targets) keys, and there are "
                        + "\(holds) of \(held.entryBytes) bytes under \(held.targets)"))
        }
        return findings
    }

    private static func difference(_ records: (says: Int, holds: Int), _ bytes: (says: Int, holds: Int)) -> String {
        guard records.says != records.holds else {
            return "holds \(bytes.holds) bytes, and the counts say \(bytes.says)"
        }
        let difference =
            records.says > records.holds
            ? "\(records.says - records.holds) missing" : "\(records.holds - records.says) too many"
        return "holds \(records.holds) records, and the counts say \(records.says): \(difference)"
    }
}
