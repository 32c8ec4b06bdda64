internal import CLMDB
internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// An open LMDB file: the map, the tables, and the transactions over them.
///
/// Every transaction is one synchronous closure. Reading transactions may run on any thread and many at a time; LMDB
/// lets one writing transaction run at a time and keeps it on its thread, which a closure does by itself. No pointer
/// into the map may leave its closure.
///
/// Unchecked Sendable: LMDB's handle is safe to share between threads, `state` is behind a lock, and everything else
/// is constant after opening.
final class LMDBEnvironment: @unchecked Sendable {
    /// The file.
    let path: String
    /// The size of the map, and so the largest size of the file.
    let mapBytes: Int
    /// The size of a page.
    let pageBytes: Int
    /// How far LMDB's pages were looked over before LMDB was let at them.
    let structure: StructureCheck.Result

    let handle: OpaquePointer
    /// The file beside it in which readers are noted, as it was when it was opened.
    private let readersFile: FileIdentity?
    let tables: [MDB_dbi]
    private let state = Mutex(State())

    /// How many reading transactions can be open at once, over all processes.
    static let readersMax = 512
    private static let tablesMax: MDB_dbi = 32
    /// Transactions that wait for their next use beyond this many are given back to LMDB.
    private static let idleReadersMax = 16
    /// No WRITEMAP and no NOSYNC: a commit is on the disk, or it is not there. NOTLS lets a reading transaction be
    /// used again by another thread; NORDAHEAD because values are looked up at random.
    private static let flags = UInt32(MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD)

    private struct State {
        /// Reset transactions, ready to be renewed.
        var idle: [Reader] = []
        /// How many closures run.
        var running = 0
        var isClosed = false
        /// How long the file was when it was last looked at or lengthened.
        var fileBytes = 0
    }

    /// A reading transaction's handle, which NOTLS frees from its thread.
    private struct Reader: @unchecked Sendable {
        let handle: OpaquePointer
    }

    /// Opens or begins a file.
    ///
    /// - Parameters:
    ///   - structureCheckMax: how long to look over LMDB's pages before LMDB is let at them; `nil` for as long as it takes.
    ///   - prepare: looks at what the file holds, and throws to leave it as it is. Its argument tells whether the file
    ///     is new; if so, it is called once more when the new file is opened.
    convenience init(
        path: String, mapBytes: Int, structureCheckMax: Duration?,
        prepare: (borrowing WriteTransaction, Bool) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        if try NewFile.isNeeded(at: path) {
            try NewFile.make(at: path) { (file) throws(ArchiveError) in
                let structure = StructureCheck.Result(pageCount: 0, isComplete: true)
                try LMDBEnvironment(
                    file: file, path: path, mapBytes: mapBytes, structure: structure, prepare: prepare
                ).closeSynced()
            }
        }
        try MetaPages.check(path: path)
        let structure = try StructureCheck.check(path: path, limit: structureCheckMax)
        try self.init(file: path, path: path, mapBytes: mapBytes, structure: structure, prepare: prepare)
    }

    /// - Parameters:
    ///   - file: the file under the name that it has now.
    ///   - path: the name that it is known by.
    private init(
        file: String, path: String, mapBytes: Int, structure: StructureCheck.Result,
        prepare: (borrowing WriteTransaction, Bool) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        try LockFile.makeRoom(beside: file, of: path, readersMax: LMDBEnvironment.readersMax)
        let handle = try LMDBEnvironment.open(file: file, path: path, mapBytes: mapBytes)
        do throws(ArchiveError) {
            var dead: Int32 = 0
            mdb_reader_check(handle, &dead)
            var status = MDB_stat()
            mdb_env_stat(handle, &status)
            self.path = path
            self.structure = structure
            self.mapBytes = mapBytes
            self.handle = handle
            readersFile = FileIdentity(path: file + "-lock")
            pageBytes = Int(status.ms_psize)
            tables = try LMDBEnvironment.openTables(
                of: handle, TransactionInfo(path: path, mapBytes: mapBytes, pageBytes: pageBytes), prepare: prepare)
        } catch {
            mdb_env_close(handle)
            throw error
        }
        lengthenFile()
    }

    deinit { close() }

    /// Ends the use of the file once the transactions that run have ended.
    func close() {
        let closeNow = state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            for reader in state.idle { mdb_txn_abort(reader.handle) }
            state.idle = []
            return state.running == 0
        }
        if closeNow { mdb_env_close(handle) }
    }

    /// Closes the file once it is on the disk at its full length.
    private func closeSynced() throws(ArchiveError) {
        var file: mdb_filehandle_t = -1
        guard mdb_env_get_fd(handle, &file) == MDB_SUCCESS, fsync(file) == 0 else {
            throw LMDBResult(code: errno, operation: "syncing", path: path).error(mapBytes: mapBytes)
        }
        close()
    }

    /// Looks at a consistent snapshot of all tables.
    func read<Result>(
        _ body: (borrowing ReadTransaction) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        let reader = try takeReader()
        defer { giveBack(reader) }
        return try body(ReadTransaction(handle: reader.handle, tables: tables, environment: info))
    }

    /// Changes tables, all or nothing: when this returns, the changes are on the disk; when it throws, none is.
    func write<Result>(
        _ body: (consuming WriteTransaction) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        try enter()
        defer { leave() }
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "beginning a transaction")
        guard let transaction else { throw .failed(operation: "beginning a transaction", reason: "no handle") }
        let result: Result
        let changes = ChangeMark()
        do throws(ArchiveError) {
            result = try body(
                WriteTransaction(handle: transaction, tables: tables, environment: info, changes: changes))
            try WriteTransaction(handle: transaction, tables: tables, environment: info, changes: changes).sign()
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try check(mdb_txn_commit(transaction), "committing")
        lengthenFile()
        return result
    }

    /// Frees the slots of readers whose process is gone; their snapshots would keep pages from being used again.
    func clearStaleReaders() {
        var dead: Int32 = 0
        guard (try? enter()) != nil else { return }
        mdb_reader_check(handle, &dead)
        leave()
    }

    private var info: TransactionInfo { TransactionInfo(path: path, mapBytes: mapBytes, pageBytes: pageBytes) }

    func check(_ code: Int32, _ operation: String) throws(ArchiveError) {
        try LMDBResult(code: code, operation: operation, path: path).check(mapBytes: mapBytes)
    }
}

// MARK: - Opening

extension LMDBEnvironment {
    private static func open(file: String, path: String, mapBytes: Int) throws(ArchiveError) -> OpaquePointer {
        let handle = try create(mapBytes: mapBytes)
        mdb_env_set_maxreaders(handle, UInt32(readersMax))
        let code = mdb_env_open(handle, file, flags, 0o600)
        guard code == MDB_SUCCESS else {
            mdb_env_close(handle)
            // The map is the only thing here that is large enough to be refused.
            if code == ENOMEM { throw .addressSpace(mapBytes: mapBytes) }
            throw LMDBResult(code: code, operation: "opening", path: path).error(mapBytes: mapBytes)
        }
        return handle
    }

    /// An environment that has not been opened yet, for writing or for reading.
    static func create(mapBytes: Int) throws(ArchiveError) -> OpaquePointer {
        var handle: OpaquePointer?
        guard mdb_env_create(&handle) == MDB_SUCCESS, let handle else {
            throw .failed(operation: "making an environment", reason: "out of memory")
        }
        mdb_env_set_mapsize(handle, mapBytes)
        mdb_env_set_maxdbs(handle, tablesMax)
        return handle
    }

    /// Stands for a table that a file does not have; LMDB refuses it.
    static let noTable = MDB_dbi.max

    /// Opens all tables in a transaction.
    ///
    /// - Parameter creates: whether to create those that are missing; otherwise ``noTable`` stands for them.
    /// - Returns: their handles, and whether any was missing.
    static func openTables(
        in transaction: OpaquePointer, creates: Bool, _ info: TransactionInfo
    ) throws(ArchiveError) -> ([MDB_dbi], lacksAny: Bool) {
        var tables: [MDB_dbi] = []
        var lacksAny = false
        for table in Table.allCases {
            var handle = noTable
            var code = mdb_dbi_open(transaction, table.name, 0, &handle)
            if code == MDB_NOTFOUND {
                lacksAny = true
                code = creates ? mdb_dbi_open(transaction, table.name, UInt32(MDB_CREATE), &handle) : MDB_SUCCESS
            }
            try LMDBResult(code: code, operation: "opening a table", path: info.path).check(mapBytes: info.mapBytes)
            tables.append(handle)
        }
        return (tables, lacksAny)
    }

    private static func openTables(
        of handle: OpaquePointer, _ info: TransactionInfo,
        prepare: (borrowing WriteTransaction, Bool) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> [MDB_dbi] {
        func check(_ code: Int32, _ operation: String) throws(ArchiveError) {
            try LMDBResult(code: code, operation: operation, path: info.path).check(mapBytes: info.mapBytes)
        }
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "beginning a transaction")
        guard let transaction else { throw .failed(operation: "beginning a transaction", reason: "no handle") }
        let tables: [MDB_dbi]
        do throws(ArchiveError) {
            let isNew = try isNew(transaction, path: info.path, check)
            let isAnyNew: Bool
            (tables, isAnyNew) = try openTables(in: transaction, creates: true, info)
            let write = WriteTransaction(
                handle: transaction, tables: tables, environment: info, changes: ChangeMark(isSet: isAnyNew))
            try prepare(write, isNew)
            try write.sign()
        } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try check(mdb_txn_commit(transaction), "committing")
        return tables
    }

    /// Whether nothing has been written yet; throws where what was written is not an archive.
    private static func isNew(
        _ transaction: OpaquePointer, path: String, _ check: (Int32, String) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Bool {
        var main: MDB_dbi = 0
        try check(mdb_dbi_open(transaction, nil, 0, &main), "opening the main database")
        var status = MDB_stat()
        try check(mdb_stat(transaction, main, &status), "looking at the main database")
        guard status.ms_entries > 0 else { return true }
        var meta: MDB_dbi = 0
        let code = mdb_dbi_open(transaction, Table.meta.name, 0, &meta)
        if code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE { throw .notAnArchive(path: path) }
        try check(code, "opening a table")
        return false
    }

    /// Keeps the file longer than its last page.
    ///
    /// LMDB does not write a page that is free again by the end of its transaction, so a sound file may end before
    /// its last page, and could not be told from one that was cut off. The room is a hole and takes no disk.
    private func lengthenFile() {
        var information = MDB_envinfo()
        guard mdb_env_info(handle, &information) == MDB_SUCCESS else { return }
        let neededBytes = (information.me_last_pgno + 1) * pageBytes
        state.withLock { state in
            guard neededBytes + LMDBEnvironment.fileRoomBytes / 2 > state.fileBytes else { return }
            var file: mdb_filehandle_t = -1
            guard mdb_env_get_fd(handle, &file) == MDB_SUCCESS, let status = try? FileStatus.of(descriptor: file)
            else { return }
            state.fileBytes = Int(status.st_size)
            let wantedBytes = min(neededBytes + LMDBEnvironment.fileRoomBytes, max(mapBytes, neededBytes))
            // A failure costs nothing but the room.
            if state.fileBytes < wantedBytes, ftruncate(file, off_t(wantedBytes)) == 0 {
                state.fileBytes = wantedBytes
            }
        }
    }

    private static let fileRoomBytes = 64 << 20
}

// MARK: - Whether the files are still there

extension LMDBEnvironment {
    /// Throws unless the file that is open is the one that its path leads to, as long as it was: what is written to a
    /// deleted file is lost with the process, and nobody finds what is written to one that was moved away.
    ///
    /// Two system calls, 3 µs: nothing beside the sync of a commit.
    func checkPlace() throws(ArchiveError) {
        try enter()
        defer { leave() }
        var file: mdb_filehandle_t = -1
        guard mdb_env_get_fd(handle, &file) == MDB_SUCCESS, let opened = try? FileStatus.of(descriptor: file) else {
            return
        }
        let named: stat
        do {
            named = try FileStatus.of(path)
        } catch {
            let isGone = error == .noSuchFileOrDirectory || error == .notDirectory
            throw .misplaced(path: path, detail: isGone ? "is gone" : "cannot be found (\(error))")
        }
        guard opened.identity == named.identity else {
            throw .misplaced(path: path, detail: "is another file than the one that the node has open")
        }
        let knownBytes = state.withLock(\.fileBytes)
        guard opened.st_size >= knownBytes else {
            throw .truncated(path: path, expectedBytes: knownBytes, foundBytes: Int(opened.st_size))
        }
    }

    /// Whether the file of readers is gone or another one, so that the pages that other programs read are used again.
    var hasLostReadersFile: Bool { FileIdentity(path: path + "-lock") != readersFile }
}

// MARK: - Reading transactions and their reuse

extension LMDBEnvironment {
    /// Counts a closure in, so that closing waits for it.
    func enter() throws(ArchiveError) {
        let isOpen = state.withLock { state in
            guard !state.isClosed else { return false }
            state.running += 1
            return true
        }
        guard isOpen else { throw .closed }
    }

    func leave() {
        let closeNow = state.withLock { state in
            state.running -= 1
            return state.isClosed && state.running == 0
        }
        if closeNow { mdb_env_close(handle) }
    }

    private func takeReader() throws(ArchiveError) -> Reader {
        let (isOpen, idle) = state.withLock { state -> (Bool, Reader?) in
            guard !state.isClosed else { return (false, nil) }
            state.running += 1
            return (true, state.idle.popLast())
        }
        guard isOpen else { throw .closed }
        do throws(ArchiveError) {
            if let idle {
                let code = mdb_txn_renew(idle.handle)
                if code != MDB_SUCCESS { mdb_txn_abort(idle.handle) }
                try check(code, "renewing a transaction")
                return idle
            }
            var transaction: OpaquePointer?
            try check(mdb_txn_begin(handle, nil, UInt32(MDB_RDONLY), &transaction), "beginning to read")
            guard let transaction else { throw .failed(operation: "beginning to read", reason: "no handle") }
            return Reader(handle: transaction)
        } catch {
            leave()
            throw error
        }
    }

    private func giveBack(_ reader: Reader) {
        mdb_txn_reset(reader.handle)
        let isKept = state.withLock { state in
            guard !state.isClosed, state.idle.count < LMDBEnvironment.idleReadersMax else { return false }
            state.idle.append(reader)
            return true
        }
        // First of all, because the last reader to leave closes the file.
        if !isKept { mdb_txn_abort(reader.handle) }
        leave()
    }
}
