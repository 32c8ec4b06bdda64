internal import CLMDB
internal import Glibc

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
    /// Takes note of changes; `nil` if there can be none.
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

    /// Deletes a record; does nothing if there is none.
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

/// What an LMDB call returned, and what it means to the archive.
struct LMDBResult {
    /// Zero, one of LMDB's negative codes, or an `errno`.
    let code: Int32
    /// What was tried, for the error's text.
    let operation: String
    /// The file, for the error's text.
    let path: String

    /// Throws unless the call succeeded.
    func check(mapBytes: Int) throws(ArchiveError) {
        guard code != MDB_SUCCESS else { return }
        throw error(mapBytes: mapBytes)
    }

    /// The error that the code stands for.
    func error(mapBytes: Int) -> ArchiveError {
        switch code {
        case MDB_MAP_FULL: .mapFull(mapBytes: mapBytes)
        case MDB_PANIC: .readOnly(path: path)
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID: .damaged(path: path, detail: reason)
        case MDB_VERSION_MISMATCH: .damaged(path: path, detail: "its LMDB version is not ours")
        case MDB_READERS_FULL: .tooManyReaders(max: LMDBEnvironment.readersMax)
        case ENOSPC, EDQUOT: .diskFull(path: path)
        case EIO: .ioFailed(path: path, reason: reason)
        case ENOENT, EACCES, EPERM, EROFS, ENOTDIR, EISDIR: .unavailable(path: path, reason: reason)
        // LMDB marks a process that reads by locking the byte of its number in the file of readers.
        case EAGAIN, MDB_BAD_RSLOT: .processNumberTaken(path: path)
        default: .failed(operation: operation, reason: reason)
        }
    }

    private var reason: String { String(cString: mdb_strerror(code)) }
}
