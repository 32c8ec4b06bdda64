internal import CLMDB
internal import Glibc
internal import Platform
internal import SystemPackage

/// An LMDB file that is only read.
///
/// Unchecked Sendable: LMDB's handle is safe to share between threads, and everything else is constant after opening.
/// No transaction may be open when it is closed.
final class ReadOnlyEnvironment: @unchecked Sendable {
    private let handle: OpaquePointer
    private let tables: [MDB_dbi]
    /// Whose handle it is, where this process writes the file: LMDB must not open a file twice in one process.
    private let owner: LMDBEnvironment?
    let info: TransactionInfo

    /// Address space that the map takes: a file that grows meanwhile stays within it.
    static let mapBytes = 1 << 40

    /// Opens a file that exists.
    ///
    /// - Parameter isShared: whether somebody may write to it meanwhile: then LMDB's file of readers is written to, so
    ///   that no page of a snapshot is used again. Otherwise nothing is.
    /// - Parameter mapBytes: address space to take, where there is that much.
    init(path: String, isShared: Bool, mapBytes: Int = ReadOnlyEnvironment.mapBytes) throws(ArchiveError) {
        try ReadOnlyEnvironment.checkMetaPages(path, isShared: isShared)
        if isShared { try LockFile.checkShared(beside: path) }
        let status: stat
        do { status = try FileStatus.of(path) } catch { throw .unreadable(path: path, reason: "\(error)") }
        let flags = UInt32(MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | MDB_RDONLY | (isShared ? 0 : MDB_NOLOCK))
        let small = (Int(status.st_size) + (1 << 20)) & ~((1 << 20) - 1)
        var opened = try ReadOnlyEnvironment.open(path, flags, mapBytes)
        // Where the address space is limited, the file has to fit, and no more.
        if opened == nil { opened = try ReadOnlyEnvironment.open(path, flags, small) }
        guard let handle = opened else { throw .addressSpace(mapBytes: small) }
        self.handle = handle
        owner = nil
        var information = MDB_stat()
        mdb_env_stat(handle, &information)
        info = TransactionInfo(
            path: path, mapBytes: mapBytes, pageBytes: Int(information.ms_psize))
        do throws(ArchiveError) {
            tables = try ReadOnlyEnvironment.openTables(of: handle, info)
        } catch {
            mdb_env_close(handle)
            throw error
        }
    }

    /// Reads a file that this process has open for writing.
    init(sharing environment: LMDBEnvironment) {
        handle = environment.handle
        tables = environment.tables
        owner = environment
        info = TransactionInfo(
            path: environment.path, mapBytes: environment.mapBytes, pageBytes: environment.pageBytes)
    }

    deinit { if owner == nil { mdb_env_close(handle) } }

    /// Two commits between two looks would make the pages contradict each other, so beside a writer there are several.
    private static func checkMetaPages(_ path: String, isShared: Bool) throws(ArchiveError) {
        for _ in 0..<(isShared ? looksMax - 1 : 0) {
            if (try? MetaPages.check(path: path)) != nil { return }
            usleep(pauseBetweenLooks)
        }
        try MetaPages.check(path: path)
    }

    private static let looksMax = 10
    private static let pauseBetweenLooks: UInt32 = 5_000

    /// Looks at a consistent snapshot of all tables.
    func read<Result>(
        _ body: (borrowing ReadTransaction) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        if let owner { return try owner.read(body) }
        var transaction: OpaquePointer?
        let code = mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction)
        try LMDBResult(code: code, operation: "beginning to read", path: info.path).check(mapBytes: info.mapBytes)
        guard let transaction else { throw .failed(operation: "beginning to read", reason: "no handle") }
        defer { mdb_txn_abort(transaction) }
        return try body(ReadTransaction(handle: transaction, tables: tables, environment: info))
    }

    /// Writes a copy of the file to one that is open for writing.
    ///
    /// - Returns: LMDB's code, or the system's.
    func copy(toDescriptor descriptor: Int32) throws(ArchiveError) -> Int32 {
        try SnapshotCopy.untilDone { () throws(ArchiveError) in
            try read { (transaction) throws(ArchiveError) in
                try SnapshotCopy.write(of: handle, transaction, to: descriptor) { false }
            }
        }
    }

    /// Writes a copy without free pages to a file that is open for writing.
    ///
    /// - Returns: LMDB's code.
    func copyCompacted(toDescriptor descriptor: Int32) -> Int32 {
        mdb_env_copyfd2(handle, descriptor, UInt32(MDB_CP_COMPACT))
    }

    /// The open file, which LMDB closes: a copy may have lost its name by now.
    func descriptor() throws(ArchiveError) -> Int32 {
        var file: mdb_filehandle_t = -1
        let code = mdb_env_get_fd(handle, &file)
        try LMDBResult(code: code, operation: "looking for the file", path: info.path).check(mapBytes: info.mapBytes)
        return file
    }

    /// Whether the file has a table: those that are kept free come into being with their first record.
    func has(_ table: Table) -> Bool { tables[table.index] != LMDBEnvironment.noTable }

    /// How many pages are free, to be used again, within those that the file has used so far.
    func pages() throws(ArchiveError) -> (used: Int, free: Int) {
        var information = MDB_envinfo()
        mdb_env_info(handle, &information)
        let free = try read { (transaction) throws(ArchiveError) in
            var free = 0
            // Handle 0 is LMDB's list of free pages: each value begins with how many it lists.
            var cursor = try transaction.cursor(ofHandle: 0)
            var isThere = try cursor.first()
            while isThere {
                if cursor.value.count >= 8 { free += cursor.value.loadUnaligned(as: Int.self) }
                isThere = try cursor.next()
            }
            return free
        }
        return (information.me_last_pgno + 1, free)
    }

    /// An open file; `nil` if the address space is too small for the map.
    private static func open(
        _ path: String, _ flags: UInt32, _ mapBytes: Int
    ) throws(ArchiveError) -> OpaquePointer? {
        let handle = try LMDBEnvironment.create(mapBytes: mapBytes)
        let code = mdb_env_open(handle, path, flags, 0o600)
        guard code != MDB_SUCCESS else { return handle }
        mdb_env_close(handle)
        switch code {
        case ENOMEM: return nil
        case ENOENT, EACCES, EPERM: throw .unreadable(path: path, reason: String(cString: mdb_strerror(code)))
        default:
            throw LMDBResult(code: code, operation: "opening", path: path).error(mapBytes: mapBytes)
        }
    }

    private static func openTables(
        of handle: OpaquePointer, _ info: TransactionInfo
    ) throws(ArchiveError) -> [MDB_dbi] {
        func check(_ code: Int32, _ operation: String) throws(ArchiveError) {
            try LMDBResult(code: code, operation: operation, path: info.path).check(mapBytes: info.mapBytes)
        }
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction), "beginning to read")
        guard let transaction else { throw .failed(operation: "beginning to read", reason: "no handle") }
        let tables: [MDB_dbi]
        do throws(ArchiveError) {
            var meta: MDB_dbi = 0
            let code = mdb_dbi_open(transaction, Table.meta.name, 0, &meta)
            if code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE { throw .notAnArchive(path: info.path) }
            (tables, _) = try LMDBEnvironment.openTables(in: transaction, creates: false, info)
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        // Handles live on only where their transaction was committed, a reading one too.
        try check(mdb_txn_commit(transaction), "opening the tables")
        return tables
    }
}
