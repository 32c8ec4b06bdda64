internal import Foundation
internal import GRDB
internal import IPv8

extension Archive {
    /// Where archive and index disagree, each in a sentence; meant for an index that has followed to the end while
    /// nothing was stored. It walks over everything.
    ///
    /// - Parameter limit: how many disagreements to tell at most.
    package func indexDifferences(limit: Int = 16) throws(ArchiveError) -> [String] {
        let rows = try index.read { database in
            var rows: [EntryKey: IndexedRow] = [:]
            let cursor = try Row.fetchCursor(database, sql: IndexedRow.text)
            while let row = try cursor.next() {
                guard let (key, indexed) = IndexedRow.read(row) else { throw ArchiveError.index(detail: "a bad key") }
                rows[key] = indexed
            }
            return rows
        }
        return try environment.read { (transaction) throws(ArchiveError) in
            var missing = rows
            var differences: [String] = []
            var cursor = try transaction.cursor(.entries)
            var isThere = try cursor.first()
            while isThere, differences.count < limit {
                if let key = EntryKey(cursor.key), let record = ArchivedRecord(cursor.value, key: cursor.key) {
                    let indexed = missing.removeValue(forKey: key)
                    if indexed == nil {
                        differences.append("\(Hex.encode(key.bytes)) is not in the index")
                    } else if indexed != IndexedRow(record) {
                        differences.append("\(Hex.encode(key.bytes)) is another in the index")
                    }
                }
                isThere = try cursor.next()
            }
            let strays = missing.keys.map { Hex.encode($0.bytes) }.sorted().prefix(max(0, limit - differences.count))
            return isThere ? differences : differences + strays.map { "\($0) is only in the index" }
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

    static let text = """
        SELECT target, class, identity, version, byte_count, first_seen, last_stored, expires_at, sender,
            sender_address, signer
        FROM entries
        """

    init(_ record: ArchivedRecord) {
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

    private init(_ row: Row) {
        version = row[3]
        byteCount = row[4]
        firstSeen = row[5]
        lastStored = row[6]
        expiresAt = row[7]
        sender = (row[8] as Data?).map { Array($0) }
        senderAddress = row[9]
        signer = (row[10] as Data?).map { Array($0) }
    }

    static func read(_ row: Row) -> (EntryKey, IndexedRow)? {
        let entryClass: Int64 = row[1]
        let bytes = Array(row[0] as Data) + [UInt8(truncatingIfNeeded: entryClass)] + Array(row[2] as Data)
        guard let key = EntryKey(bytes: bytes) else { return nil }
        return (key, IndexedRow(row))
    }
}
