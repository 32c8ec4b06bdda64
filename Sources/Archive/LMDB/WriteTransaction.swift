internal import CLMDB

/// Changes to the tables that happen together or not at all, for the length of one closure.
struct WriteTransaction: ~Copyable {
    /// What the transaction sees, its own changes with it.
    let view: ReadTransaction

    init(handle: OpaquePointer, tables: [MDB_dbi], environment: TransactionInfo, changes: ChangeMark) {
        view = ReadTransaction(handle: handle, tables: tables, environment: environment, changes: changes)
    }

    /// Writes down which transaction this is, if it has changed anything; the last thing before a commit.
    func sign() throws(ArchiveError) {
        guard view.changes?.isSet == true else { return }
        var encoder = RecordEncoder()
        encoder.encode(transaction: UInt64(mdb_txn_id(view.handle)))
        try put(.meta, &encoder)
    }

    /// Writes a record, in the place of one that has its key.
    ///
    /// - Parameter isLast: whether the key is known to be behind all others, which fills pages to the brim.
    func put(
        _ table: Table, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isLast: Bool = false
    ) throws(ArchiveError) {
        var keyValue = MDB_val(key)
        var dataValue = MDB_val(value)
        view.changes?.isSet = true
        let flags = isLast ? UInt32(MDB_APPEND) : 0
        try check(mdb_put(view.handle, view.tables[table.index], &keyValue, &dataValue, flags), "writing a record")
    }

    /// Deletes a record; nothing happens where there is none.
    func delete(_ table: Table, _ key: UnsafeRawBufferPointer) throws(ArchiveError) {
        var keyValue = MDB_val(key)
        let code = mdb_del(view.handle, view.tables[table.index], &keyValue, nil)
        if code == MDB_NOTFOUND { return }
        view.changes?.isSet = true
        try check(code, "deleting a record")
    }

    /// Deletes all records of a table.
    func clear(_ table: Table) throws(ArchiveError) {
        view.changes?.isSet = true
        try check(mdb_drop(view.handle, view.tables[table.index], 0), "clearing a table")
    }

    private func check(_ code: Int32, _ operation: String) throws(ArchiveError) {
        guard code != MDB_SUCCESS else { return }
        throw LMDBResult(code: code, operation: operation, path: view.environment.path)
            .error(mapBytes: view.environment.mapBytes)
    }
}

/// Whether a writing transaction has changed anything. Confined to its transaction's closure.
final class ChangeMark {
    var isSet: Bool

    init(isSet: Bool = false) { self.isSet = isSet }
}
