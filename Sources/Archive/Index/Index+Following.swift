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
            var putting = try RowStatement(Index.putText, of: database)
            var removing = try RowStatement(Index.removeText, of: database)
            for change in changes {
                switch change {
                case .put(let key, let record, let isRetained): try put(key, record, isRetained, with: &putting)
                case .remove(let key):
                    removing.bind(key)
                    try removing.execute()
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
        _ key: EntryKey, _ record: ArchivedRecord, _ isRetained: Bool, with statement: inout RowStatement
    ) throws {
        let signature = record.entry.signature
        statement.bind(key.target.bits)
        statement.bind(Int64(key.entryClass.rawValue))
        let signer = signature?.signer.mid.bits
        statement.bind(signer)
        statement.bind(signer == nil ? key.id.bits : nil)
        statement.bind((signature?.version.number).map(Int64.init))
        statement.bind(Int64(record.entry.bytes.count))
        for moment in [record.firstSeen, record.lastStored, record.expiresAt] { statement.bind(moment.nanoseconds) }
        for flag in [record.provenance == .publishedHere, record.isWithdrawn, isRetained] { statement.bind(flag) }
        if case .received(let mid, let address) = record.provenance {
            statement.bind(mid.bits)
            statement.bind("\(address)")
        } else {
            statement.bind(Bits160?.none)
            statement.bind(String?.none)
        }
        statement.bind(republishRule.due(record, isRetained: isRetained, under: key)?.nanoseconds)
        statement.bind((signature?.signer.level.numberInIndex).map(Int64.init))
        try statement.execute()
    }

    /// What a scrub found out about a signature holds for as long as the same bytes are kept.
    private static let putText = """
        INSERT INTO entries (target, class, signer, digest, version, byte_count, first_seen, last_stored, expires_at,
            published_here, withdrawn, retained, sender, sender_address, republish_due, key_level)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET
            version = excluded.version, byte_count = excluded.byte_count,
            last_stored = excluded.last_stored, expires_at = excluded.expires_at,
            published_here = excluded.published_here, withdrawn = excluded.withdrawn,
            retained = excluded.retained,
            sender = excluded.sender, sender_address = excluded.sender_address, republish_due = excluded.republish_due,
            scrubbed_at = iif(first_seen = excluded.first_seen, scrubbed_at, NULL),
            scrub_started_at = iif(first_seen = excluded.first_seen, scrub_started_at, NULL),
            first_seen = excluded.first_seen
        """

    private static let removeText = "DELETE FROM entries WHERE target = ? AND class = ? AND identity = ?"
}

extension RowStatement {
    /// Binds the three columns that tell an entry.
    fileprivate mutating func bind(_ key: EntryKey) {
        bind(key.target.bits)
        bind(Int64(key.entryClass.rawValue))
        bind(key.id.bits)
    }
}

extension KeyLevel {
    /// Its number in the column `key_level`.
    fileprivate var numberInIndex: Int {
        switch self {
        case .curve25519: 0
        case .veryLow: 1
        case .low: 2
        case .medium: 3
        case .high: 4
        }
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
