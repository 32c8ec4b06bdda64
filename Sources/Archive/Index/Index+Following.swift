internal import Foundation
internal import GRDB
internal import IPv8

extension Index {
    /// How far the index is; `nil` if it has not begun to follow anything.
    func position() throws(ArchiveError) -> IndexPosition? {
        try read { database in try IndexPosition.fetch(database) }
    }

    /// Applies changes, and notes how far the index has followed, in one transaction.
    func apply(_ changes: [IndexChange], upTo position: IndexPosition) throws(ArchiveError) {
        try write { database in
            for change in changes {
                switch change {
                case .put(let key, let record, let isRetained): try put(key, record, isRetained, in: database)
                case .remove(let key): try Index.remove(key, in: database)
                }
            }
            if position.rebuild == nil { try Index.resumeIndexes(database) }
            try position.save(database)
        }
    }

    /// Forgets all that is derived, so that it is derived again.
    func beginRebuild(_ position: IndexPosition) throws(ArchiveError) {
        try write { database in
            try database.execute(sql: "DELETE FROM entries")
            if position.rebuild != nil { try Index.suspendIndexes(database) }
            try position.save(database)
        }
    }

    /// Takes away what would be written to at random places for each row; records come in the order of their keys, so
    /// the table alone grows at its end.
    private static func suspendIndexes(_ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO suspended_indexes
                SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'entries' AND sql IS NOT NULL
                """)
        for name in try String.fetchAll(database, sql: "SELECT name FROM suspended_indexes") {
            try database.execute(sql: "DROP INDEX IF EXISTS \(name.quotedDatabaseIdentifier)")
        }
    }

    private static func resumeIndexes(_ database: Database) throws {
        let texts = try String.fetchAll(database, sql: "SELECT sql FROM suspended_indexes ORDER BY name")
        guard !texts.isEmpty else { return }
        for text in texts { try database.execute(sql: text) }
        try database.execute(sql: "DELETE FROM suspended_indexes")
    }

    private func put(
        _ key: EntryKey, _ record: ArchivedRecord, _ isRetained: Bool, in database: Database
    ) throws {
        let signature = record.entry.signature
        var sender: Data?
        var senderAddress: String?
        if case .received(let mid, let address) = record.provenance {
            sender = mid.blob
            senderAddress = "\(address)"
        }
        let statement = try database.cachedStatement(sql: Index.putText)
        try statement.execute(arguments: [
            key.target.blob, Int64(key.entryClass.rawValue), key.id.blob,
            signature.map { Int64($0.version.number) }, Int64(record.entry.bytes.count),
            record.firstSeen.nanoseconds, record.lastStored.nanoseconds, record.expiresAt.nanoseconds,
            record.provenance == .publishedHere, record.isWithdrawn, isRetained, sender, senderAddress,
            signature?.signer.mid.blob, republishRule.due(record, isRetained: isRetained, under: key)?.nanoseconds,
            signature?.signer.level.rawValue,
            signature.map { _ in "valid" }, signature.map { _ in record.firstSeen.nanoseconds },
            signature.map { _ in "store" },
        ])
    }

    /// What was found out about a signature holds for as long as the same bytes are kept.
    private static let putText = """
        INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET
            version = excluded.version, byte_count = excluded.byte_count,
            last_stored = excluded.last_stored, expires_at = excluded.expires_at,
            published_here = excluded.published_here, withdrawn = excluded.withdrawn,
            retained = excluded.retained,
            sender = excluded.sender, sender_address = excluded.sender_address, republish_due = excluded.republish_due,
            verified_result = iif(first_seen = excluded.first_seen, verified_result, excluded.verified_result),
            verified_at = iif(first_seen = excluded.first_seen, verified_at, excluded.verified_at),
            verified_by = iif(first_seen = excluded.first_seen, verified_by, excluded.verified_by),
            first_seen = excluded.first_seen
        """

    private static func remove(_ key: EntryKey, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM entries WHERE target = ? AND class = ? AND identity = ?")
        try statement.execute(arguments: [key.target.blob, Int64(key.entryClass.rawValue), key.id.blob])
    }
}

extension IndexPosition {
    /// Reads the one row; `nil` if there is none.
    static func fetch(_ database: Database) throws -> IndexPosition? {
        guard
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT archive_id, last_change, last_checksum, rebuild_after, rebuild_done, republish_rule,
                        read_at_change, read_at_checksum
                    FROM position WHERE id = 1
                    """)
        else { return nil }
        let last = JournalPlace(try row.sound(1) as Int64, try row.sound(2) as Data)
        let after: Data? = try row.soundIfPresent(3)
        let rebuilt: Int = try row.sound(4)
        let readAt = try (row.soundIfPresent(6) as Int64?).map { JournalPlace($0, try row.sound(7) as Data) }
        return IndexPosition(
            archiveID: Array(try row.sound(0) as Data), last: last, readAt: readAt ?? last,
            rebuild: after.map { Rebuild(after: Array($0), done: rebuilt) },
            republishRule: try row.sound(5))
    }

    fileprivate func save(_ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)")
        let readBehind = readAt == last ? nil : readAt
        try statement.execute(arguments: [
            Data(archiveID), Int64(clamping: last.number), last.checksumBlob,
            rebuild.map { Data($0.after) }, Int64(rebuild?.done ?? 0), republishRule,
            readBehind.map { Int64(clamping: $0.number) }, readBehind?.checksumBlob,
        ])
    }
}

extension JournalPlace {
    fileprivate init(_ number: Int64, _ checksum: Data) {
        self.init(number: UInt64(clamping: number), checksum: checksum.reduce(0) { $0 << 8 | UInt64($1) })
    }

    fileprivate var checksumBlob: Data { withUnsafeBytes(of: checksum.bigEndian) { Data($0) } }
}

extension Identifier160 {
    /// The 20 bytes in the form that SQLite's library takes.
    var blob: Data { Data(bytes) }
}

/// How far the index has followed which archive's journal.
struct IndexPosition: Hashable {
    /// The archive that it follows.
    var archiveID: [UInt8]
    /// The last change that the index has applied.
    var last: JournalPlace
    /// Where the journal ended when the archive was last read for the index. The index gets each value as it is at that
    /// time, so it may already contain changes after `last`.
    var readAt: JournalPlace
    /// How far a rebuild is; `nil` if none is under way. After it, the index follows the journal from `last`.
    var rebuild: Rebuild?
    /// The settings from which the due times in the index were computed.
    var republishRule: String

    struct Rebuild: Hashable {
        /// The number of the table, then the key of the last record that was applied; empty at first.
        var after: [UInt8]
        /// How many records have been applied.
        var done: Int
    }
}

enum IndexChange {
    /// A value as it is now, in the serving window or retained.
    case put(EntryKey, ArchivedRecord, isRetained: Bool)
    /// A value that is no longer in the archive, or cannot be read.
    case remove(EntryKey)
}
