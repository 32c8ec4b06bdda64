internal import Foundation
internal import GRDB
internal import IPv8

/// An order that SQLite has put something in, kept in a table of the connection's own: neither this process's memory nor a
/// long reading transaction has to hold it.
///
/// There is one at a time.
extension ReadOnlyIndex {
    /// Puts in order what a query returns: a key, and a number with it.
    ///
    /// - Parameter query: a SELECT of three columns, the last of which may be a number.
    func order(_ query: String, _ arguments: [(any DatabaseValueConvertible)?]) throws(ArchiveError) {
        try prepare { database in
            try database.execute(sql: "DROP TABLE IF EXISTS temp.listing")
            try database.execute(
                sql: """
                    CREATE TEMP TABLE listing (
                        place INTEGER PRIMARY KEY, target BLOB, class INTEGER, identity BLOB, number INTEGER)
                    """)
            try database.execute(
                sql: "INSERT INTO temp.listing (target, class, identity, number) \(query)",
                arguments: StatementArguments(arguments))
        }
    }

    /// The next rows of the order.
    func ordered(after place: Int64, limit: Int) throws(ArchiveError) -> [OrderedRow] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT place, target, class, identity, number FROM temp.listing
                    WHERE place > ? ORDER BY place LIMIT ?
                    """, arguments: [place, limit]
            ).map { row in
                OrderedRow(
                    place: try row.sound(0), target: try row.soundIfPresent(1), entryClass: try row.soundIfPresent(2),
                    identity: try row.soundIfPresent(3), number: try row.soundIfPresent(4))
            }
        }
    }
}

/// A row of `temp.listing`.
struct OrderedRow {
    var place: Int64
    var target: Data?
    var entryClass: Int64?
    var identity: Data?
    var number: Int64?

    /// The key of an entry; `nil` if it is not one.
    var entryKey: EntryKey? {
        guard let target, let identity, let entryClass else { return nil }
        return EntryKey(bytes: Array(target) + [UInt8(truncatingIfNeeded: entryClass)] + Array(identity))
    }

    /// The identity as that of a signer.
    var mid: Mid? { identity.flatMap { Mid(bytes: $0) } }
}
