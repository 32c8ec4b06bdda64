internal import CLMDB

/// A place in a table, in key order. It is closed when it goes out of scope, which must be before its transaction's
/// closure ends.
struct Cursor: ~Copyable {
    private let handle: OpaquePointer
    private let environment: TransactionInfo
    private let changes: ChangeMark?
    /// The key where the cursor stands; holds until the transaction's next change.
    private(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The value where the cursor stands; holds until the transaction's next change.
    private(set) var value = UnsafeRawBufferPointer(start: nil, count: 0)

    init(handle: OpaquePointer, environment: TransactionInfo, changes: ChangeMark?) {
        self.handle = handle
        self.environment = environment
        self.changes = changes
    }

    deinit { mdb_cursor_close(handle) }

    /// Goes to the first record whose key is not below this one; false if there is none.
    mutating func seek(_ key: UnsafeRawBufferPointer) throws(ArchiveError) -> Bool {
        try move(MDB_val(key), MDB_SET_RANGE)
    }

    /// Goes to the first record of the table; false if there is none.
    mutating func first() throws(ArchiveError) -> Bool { try move(MDB_val(), MDB_FIRST) }

    /// Goes to the last record of the table; false if there is none.
    mutating func last() throws(ArchiveError) -> Bool { try move(MDB_val(), MDB_LAST) }

    /// Goes to the following record; false behind the last one.
    mutating func next() throws(ArchiveError) -> Bool { try move(MDB_val(), MDB_NEXT) }

    /// Deletes the record where the cursor stands; `next` then goes to the one behind it.
    mutating func delete() throws(ArchiveError) {
        changes?.isSet = true
        let code = mdb_cursor_del(handle, 0)
        guard code == MDB_SUCCESS else { throw error(code, "deleting a record") }
    }

    private mutating func move(_ target: MDB_val, _ operation: MDB_cursor_op) throws(ArchiveError) -> Bool {
        var keyValue = target
        var dataValue = MDB_val()
        let code = mdb_cursor_get(handle, &keyValue, &dataValue, operation)
        if code == MDB_NOTFOUND { return false }
        guard code == MDB_SUCCESS else { throw error(code, "moving a cursor") }
        key = UnsafeRawBufferPointer(keyValue)
        value = UnsafeRawBufferPointer(dataValue)
        return true
    }

    private func error(_ code: Int32, _ operation: String) -> ArchiveError {
        LMDBResult(code: code, operation: operation, path: environment.path).error(mapBytes: environment.mapBytes)
    }
}
