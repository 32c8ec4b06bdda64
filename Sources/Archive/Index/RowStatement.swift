internal import GRDB
internal import GRDBSQLite
internal import IPv8

/// A statement that is executed for one row after the other, with values bound straight to it, in their order.
///
/// GRDB looks a statement up by its text and takes an array of values of any type, which it checks and copies. For the row of a
/// stored value that took more instructions than SQLite needs to insert it.
struct RowStatement {
    private let statement: Statement
    private let connection: SQLiteConnection?
    private var place: Int32 = 0
    private var failure: Int32?

    /// What SQLite is to copy before a call ends.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ text: String, of database: Database) throws {
        statement = try database.cachedStatement(sql: text)
        connection = database.sqliteConnection
    }

    mutating func bind(_ number: Int64?) {
        guard let number else { return bindNull() }
        note(sqlite3_bind_int64(statement.sqliteStatement, nextPlace(), number))
    }

    mutating func bind(_ flag: Bool) { bind(flag ? 1 : 0) }

    mutating func bind(_ text: String?) {
        guard var text else { return bindNull() }
        let place = nextPlace()
        note(
            text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    sqlite3_bind_text(
                        statement.sqliteStatement, place, characters.baseAddress, Int32(characters.count),
                        RowStatement.transient)
                }
            })
    }

    /// Binds 20 bytes, most significant first.
    mutating func bind(_ bits: Bits160?) {
        guard let bits else { return bindNull() }
        let place = nextPlace()
        note(
            withUnsafeBytes(of: (bits.high.bigEndian, bits.middle.bigEndian, bits.low.bigEndian)) { bytes in
                sqlite3_bind_blob(
                    statement.sqliteStatement, place, bytes.baseAddress, Int32(Bits160.byteCount),
                    RowStatement.transient)
            })
    }

    private mutating func bindNull() { note(sqlite3_bind_null(statement.sqliteStatement, nextPlace())) }

    private mutating func nextPlace() -> Int32 {
        place += 1
        return place
    }

    private mutating func note(_ result: Int32) { if result != SQLITE_OK, failure == nil { failure = result } }

    /// Executes the statement, which returns no rows, with what was bound; the next row's values follow.
    mutating func execute() throws {
        place = 0
        let result = failure ?? sqlite3_step(statement.sqliteStatement)
        failure = nil
        guard result == SQLITE_DONE else {
            let message = connection.map { String(cString: sqlite3_errmsg($0)) }
            sqlite3_reset(statement.sqliteStatement)
            throw DatabaseError(resultCode: ResultCode(rawValue: result), message: message, sql: statement.sql)
        }
        sqlite3_reset(statement.sqliteStatement)
    }
}
