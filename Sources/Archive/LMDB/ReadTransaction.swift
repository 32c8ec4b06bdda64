internal import CLMDB

/// What a transaction knows of its file, for the text of errors.
struct TransactionInfo {
    let path: String
    let mapBytes: Int
    let pageBytes: Int
}

/// A consistent snapshot of all tables, for the length of one closure.
struct ReadTransaction: ~Copyable {
    let handle: OpaquePointer
    let tables: [MDB_dbi]
    let environment: TransactionInfo
    /// Takes note of changes; `nil` where there can be none.
    let changes: ChangeMark?

    init(handle: OpaquePointer, tables: [MDB_dbi], environment: TransactionInfo, changes: ChangeMark? = nil) {
        self.handle = handle
        self.tables = tables
        self.environment = environment
        self.changes = changes
    }

    /// The value under a key; the bytes hold until the closure ends, or the next change of a writing transaction.
    func get(_ table: Table, _ key: UnsafeRawBufferPointer) throws(ArchiveError) -> UnsafeRawBufferPointer? {
        var keyValue = MDB_val(key)
        var value = MDB_val()
        let code = mdb_get(handle, tables[table.index], &keyValue, &value)
        if code == MDB_NOTFOUND { return nil }
        try check(code, "reading a record")
        return UnsafeRawBufferPointer(value)
    }

    /// A cursor over a table, which stands nowhere yet. It must not outlive the transaction's closure.
    func cursor(_ table: Table) throws(ArchiveError) -> Cursor { try cursor(ofHandle: tables[table.index]) }

    /// A cursor over what LMDB knows by a handle.
    func cursor(ofHandle tableHandle: MDB_dbi) throws(ArchiveError) -> Cursor {
        var cursor: OpaquePointer?
        try check(mdb_cursor_open(handle, tableHandle, &cursor), "opening a cursor")
        guard let cursor else { throw .failed(operation: "opening a cursor", reason: "no handle") }
        return Cursor(handle: cursor, environment: environment, changes: changes)
    }

    /// How many records a table holds.
    func recordCount(_ table: Table) throws(ArchiveError) -> Int {
        try statistics(tables[table.index]).ms_entries
    }

    /// How many pages a table takes.
    func pageCount(_ table: Table) throws(ArchiveError) -> Int {
        try statistics(tables[table.index]).pageCount
    }

    /// How many records a table holds, how many pages it takes, and how deep its tree is.
    func shape(_ table: Table) throws(ArchiveError) -> (records: Int, pages: Int, depth: Int) {
        let statistics = try statistics(tables[table.index])
        return (statistics.ms_entries, statistics.pageCount, Int(statistics.ms_depth))
    }

    /// How many pages all tables take together: what the quota counts.
    func livePageCount() throws(ArchiveError) -> Int {
        // Handle 1 is LMDB's main database, which holds the names of the others.
        var count = try statistics(1).pageCount
        for table in tables { count += try statistics(table).pageCount }
        return count
    }

    private func statistics(_ table: MDB_dbi) throws(ArchiveError) -> MDB_stat {
        var statistics = MDB_stat()
        try check(mdb_stat(handle, table, &statistics), "looking at a table")
        return statistics
    }

    private func check(_ code: Int32, _ operation: String) throws(ArchiveError) {
        guard code != MDB_SUCCESS else { return }
        throw LMDBResult(code: code, operation: operation, path: environment.path).error(mapBytes: environment.mapBytes)
    }
}

extension MDB_stat {
    fileprivate var pageCount: Int { ms_branch_pages + ms_leaf_pages + ms_overflow_pages }
}

extension MDB_val {
    /// Lends bytes to LMDB, which does not write through the pointer.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
}

extension UnsafeRawBufferPointer {
    /// Bytes that LMDB lends.
    init(_ value: MDB_val) {
        self.init(start: value.mv_data, count: value.mv_data == nil ? 0 : value.mv_size)
    }
}
