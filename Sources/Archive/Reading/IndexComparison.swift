internal import Foundation
internal import GRDB
internal import Glibc
internal import IPv8

/// Compares the index with the archive while a check walks over the archive, in the order of their keys.
struct IndexComparison {
    /// Why there is nothing to compare.
    private(set) var refusal: String?
    /// The differences so far.
    private var differences: [EntryKey: String] = [:]
    private var more = 0

    /// Differences beyond this many are only counted.
    private static let differencesMax = 1000
    /// Beside a running node the two are never seen at the same moment, so differences are looked at again.
    private static let looksMax = 10
    private static let lookEvery: UInt32 = 200_000

    init(_ reader: ArchiveReader) throws(ArchiveError) { refusal = try IndexComparison.refusal(reader) }

    private static func refusal(_ reader: ArchiveReader) throws(ArchiveError) -> String? {
        guard let index = reader.index else { return reader.indexFailure }
        let position: IndexPosition?
        do throws(ArchiveError) {
            position = try index.position()
        } catch {
            return error.description
        }
        guard let position else { return "it is empty" }
        guard position.archiveID == reader.archiveID else { return "it belongs to another archive" }
        guard position.rebuild == nil else { return "it is being rebuilt" }
        let last = try reader.journal().last
        if reader.isInUse { return nil }
        let isAhead = position.readAt.number > last
        if !isAhead, position.last.number == last { return nil }
        return isAhead
            ? "it is ahead of the archive; a node rebuilds it"
            : "it is \(last - position.last.number) changes behind; a node brings it forward"
    }

    /// Compares a batch of served or retained values with the index's rows of the same range.
    ///
    /// - Parameters:
    ///   - after: the last key of the batch before.
    ///   - isLast: whether no entries follow.
    mutating func compare(
        _ batch: [RawRecord], of table: Table, after: [UInt8]?, isLast: Bool, in reader: ArchiveReader
    ) throws(ArchiveError) {
        guard refusal == nil, let index = reader.index else { return }
        var rows: [EntryKey: IndexedRow]
        do throws(ArchiveError) {
            rows = try index.rows(
                isRetained: table == .retained, after: after, upTo: isLast ? nil : batch.last?.key)
        } catch {
            refusal = error.description
            return
        }
        // Most of what is different beside a node was only seen at another moment.
        if reader.isInUse, differences.count >= IndexComparison.differencesMax / 2 { try lookAgain(reader) }
        for raw in batch {
            guard let key = EntryKey(bytes: raw.key) else { continue }
            let row = rows.removeValue(forKey: key)
            if let difference = IndexComparison.difference(raw, table, row) { note(difference, key) }
        }
        for key in rows.keys { note("is only in the index", key) }
    }

    private mutating func note(_ difference: String, _ key: EntryKey) {
        if differences.count < IndexComparison.differencesMax { differences[key] = difference } else { more += 1 }
    }

    /// What the index has that the record has not, or the other way round; damaged records are not its concern.
    private static func difference(_ raw: RawRecord?, _ table: Table, _ row: IndexedRow?) -> String? {
        guard let raw else { return IndexedRow.difference(of: row, from: nil, isRetained: false) }
        let record = raw.key.withUnsafeBytes { key in
            raw.value.withUnsafeBytes { ArchivedRecord($0, key: key, table: table) }
        }
        guard let record else { return nil }
        return IndexedRow.difference(of: row, from: record, isRetained: table == .retained)
    }

    /// The differences that remain.
    mutating func settle(in reader: ArchiveReader) throws(ArchiveError) -> [VerifyFinding] {
        if reader.isInUse {
            for _ in 0..<IndexComparison.looksMax where !differences.isEmpty {
                usleep(IndexComparison.lookEvery)
                try lookAgain(reader)
            }
        }
        var findings = differences.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }.map {
            VerifyFinding(table: Table.entries.name, key: $0.key.bytes, fault: $0.value)
        }
        if more > 0 {
            findings.append(
                VerifyFinding(table: Table.entries.name, key: [], fault: "and \(more) more differ from the index"))
        }
        return findings
    }

    private mutating func lookAgain(_ reader: ArchiveReader) throws(ArchiveError) {
        guard let index = reader.index else { return }
        for key in Array(differences.keys) {
            let (raw, table) = try reader.environment.read { (transaction) throws(ArchiveError) in
                for table in [Table.entries, .retained] where reader.environment.has(table) {
                    let value = try key.withBytes { (bytes) throws(ArchiveError) in
                        try transaction.get(table, bytes).map { Array($0) }
                    }
                    if let value { return (RawRecord(key: key.bytes, value: value) as RawRecord?, table) }
                }
                return (nil, Table.entries)
            }
            differences[key] = IndexComparison.difference(raw, table, try index.row(key))
        }
    }
}

extension ReadOnlyIndex {
    /// The rows of served or of retained values behind a key, up to another one or to the end.
    func rows(
        isRetained: Bool, after: [UInt8]?, upTo last: [UInt8]?
    ) throws(ArchiveError) -> [EntryKey: IndexedRow] {
        try read { database in
            // The sign keeps SQLite from looking for this first: what counts is the range of keys.
            var conditions = ["+retained = ?"]
            var arguments: [any DatabaseValueConvertible] = [isRetained]
            for (key, comparison) in [(after, ">"), (last, "<=")] {
                guard let key = key.flatMap({ EntryKey(bytes: $0) }) else { continue }
                conditions.append("(target, class, identity) \(comparison) (?, ?, ?)")
                arguments += [key.target.blob, Int64(key.entryClass.rawValue), key.id.blob]
            }
            let condition = " WHERE " + conditions.joined(separator: " AND ")
            let cursor = try Row.fetchCursor(
                database, sql: IndexedRow.text + condition, arguments: StatementArguments(arguments))
            var rows: [EntryKey: IndexedRow] = [:]
            while let row = try cursor.next() {
                guard let (key, indexed) = IndexedRow.read(row) else { throw ArchiveError.index(detail: "a bad key") }
                rows[key] = indexed
            }
            return rows
        }
    }

    func row(_ key: EntryKey) throws(ArchiveError) -> IndexedRow? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: IndexedRow.text + " WHERE target = ? AND class = ? AND identity = ?",
                arguments: [key.target.blob, Int64(key.entryClass.rawValue), key.id.blob])
            return row.flatMap { IndexedRow.read($0)?.1 }
        }
    }
}
