internal import Foundation
internal import GRDB
internal import IPv8

extension Archive {
    /// Where archive and index disagree, each in a sentence; meant for an index that has followed to the end while
    /// nothing was stored. It walks over everything.
    ///
    /// - Parameter limit: how many disagreements to tell at most.
    package func indexDifferences(limit: Int = 16) throws(ArchiveError) -> [String] {
        let (rows, impossible) = try index.read { database in
            var rows: [EntryKey: IndexedRow] = [:]
            var impossible = 0
            let cursor = try Row.fetchCursor(database, sql: IndexedRow.text)
            while let row = try cursor.next() {
                if let (key, indexed) = IndexedRow.read(row) { rows[key] = indexed } else { impossible += 1 }
            }
            return (rows, impossible)
        }
        return try environment.read { (transaction) throws(ArchiveError) in
            var missing = rows
            var differences = impossible > 0 ? ["\(impossible) rows of the index have impossible values"] : []
            for table in [Table.entries, .retained] {
                try transaction.forEach(table, prefix: []) { (bytes, value) throws(ArchiveError) in
                    guard let key = EntryKey(bytes), let record = ArchivedRecord(value, key: bytes, table: table) else {
                        return true
                    }
                    let row = missing.removeValue(forKey: key)
                    if let difference = IndexedRow.difference(of: row, from: record, isRetained: table == .retained) {
                        differences.append("\(Hex.encode(key.bytes)) \(difference)")
                    }
                    return differences.count < limit
                }
            }
            let strays = missing.keys.map { Hex.encode($0.bytes) }.sorted().prefix(max(0, limit - differences.count))
            return differences + strays.map { "\($0) is only in the index" }
        }
    }
}

/// What the index says of an entry, for the comparison.
struct IndexedRow: Equatable {
    var version: Int64?
    var byteCount: Int
    var firstSeen: Int64
    var lastStored: Int64
    var expiresAt: Int64
    var sender: [UInt8]?
    var senderAddress: String?
    var signer: [UInt8]?
    var isRetained: Bool

    static let text = """
        SELECT target, class, identity, version, byte_count, first_seen, last_stored, expires_at, sender,
            sender_address, signer, retained
        FROM entries
        """

    init(_ record: ArchivedRecord, isRetained: Bool) {
        self.isRetained = isRetained
        version = record.entry.signature.map { Int64($0.version.number) }
        byteCount = record.entry.bytes.count
        firstSeen = record.firstSeen.nanoseconds
        lastStored = record.lastStored.nanoseconds
        expiresAt = record.expiresAt.nanoseconds
        signer = record.entry.signature?.signer.mid.bytes
        guard case .received(let mid, let address) = record.provenance else { return }
        sender = mid.bytes
        senderAddress = "\(address)"
    }

    /// What is wrong with a row, as the end of a sentence that begins with its key; `nil` if it is what the record says.
    static func difference(of row: IndexedRow?, from record: ArchivedRecord?, isRetained: Bool) -> String? {
        guard let record else { return row == nil ? nil : "is only in the index" }
        guard let row else { return "is not in the index" }
        return row == IndexedRow(record, isRetained: isRetained) ? nil : "is another in the index"
    }

    private init(_ row: Row) throws {
        version = try row.soundIfPresent(3)
        byteCount = try row.sound(4)
        firstSeen = try row.sound(5)
        lastStored = try row.sound(6)
        expiresAt = try row.sound(7)
        sender = (try row.soundIfPresent(8) as Data?).map { Array($0) }
        senderAddress = try row.soundIfPresent(9)
        signer = (try row.soundIfPresent(10) as Data?).map { Array($0) }
        isRetained = try row.sound(11)
    }

    static func read(_ row: Row) -> (EntryKey, IndexedRow)? {
        guard let target = try? row.sound(0) as Data, let entryClass = try? row.sound(1) as Int64,
            let id = try? row.sound(2) as Data,
            let key = EntryKey(bytes: Array(target) + [UInt8(truncatingIfNeeded: entryClass)] + Array(id)),
            let indexed = try? IndexedRow(row)
        else { return nil }
        return (key, indexed)
    }
}
