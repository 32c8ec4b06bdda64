internal import Foundation
internal import GRDB
internal import Glibc
internal import IPv8
internal import Migrations
internal import Platform
internal import Synchronization
internal import SystemPackage

/// The SQLite file beside the archive, which answers what is asked with a WHERE.
///
/// It can be derived from the archive, all but contacts, how republishing went, and the history, so it never keeps a node from running:
/// a file that is damaged is moved aside and begun anew with what can be read of the history, one that cannot be opened now is
/// tried again with the next call.
final class Index: Sendable {
    /// The file.
    let path: String
    /// When values are to be stored again.
    let republishRule: RepublishRule
    private let state: Mutex<State>

    private struct State {
        var pool: DatabasePool? {
            didSet { files = nil }
        }
        var isClosed = false
        /// Whether rows were dropped when the file was opened.
        var wasEmptied = false
        /// The pool's files when it was opened.
        var files: Files?
    }

    /// The files that SQLite has open: with a write-ahead log that was deleted, what is written is lost just as with the
    /// file itself.
    private struct Files: Equatable {
        let database: FileIdentity?
        let log: FileIdentity?

        init(of path: String) {
            database = FileIdentity(path: path)
            // Beside the file that a link leads to.
            let real = realpath(path, nil)
            defer { free(real) }
            log = real.flatMap { FileIdentity(path: String(cString: $0) + "-wal") }
        }
    }

    private static let writerCacheKiB = 32 << 10
    private static let checkpointPages = 16 << 10

    /// What a damaged file is renamed to; an earlier one is overwritten.
    var asidePath: String { path + ".damaged" }

    init(path: String, republishRule: RepublishRule) {
        self.path = path
        self.republishRule = republishRule
        state = Mutex(State())
    }

    /// Refuses a file that a newer program wrote, before anything is changed. Whatever else is wrong with it is found
    /// when it is opened.
    static func refuseNewer(path: String) throws(ArchiveError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        var configuration = Configuration.index
        configuration.readonly = true
        // Nobody else has the file open, so a refusal leaves no files of SQLite's beside it.
        let name = (try? ReadOnlyIndex.untouched(path)) ?? path
        guard let queue = try? DatabaseQueue(path: name, configuration: configuration) else { return }
        let isNewer = try? queue.read { database in try Migrations.migrator.hasBeenSuperseded(database) }
        try? queue.close()
        if isNewer == true { throw .newerSchema(path: path) }
    }

    /// Closes the file, with all that was written in it alone.
    func close() {
        state.withLock { state in
            _ = try? state.pool?.writeWithoutTransaction { database in try database.checkpoint(.truncate) }
            try? state.pool?.close()
            state.pool = nil
            state.isClosed = true
        }
    }

    /// Opens the file unless it is open.
    ///
    /// - Returns: where a damaged one was moved to, if one was.
    @discardableResult
    func open() throws(ArchiveError) -> String? {
        let result: Result<String?, ArchiveError> = state.withLock { state in
            Result { () throws(ArchiveError) in
                guard !state.isClosed else { throw .closed }
                guard state.pool == nil else { return nil }
                do {
                    (state.pool, state.wasEmptied) = try makePool()
                    state.files = Files(of: path)
                    return nil
                } catch  where Index.isPassing(error) {
                    throw Index.failure(error)
                } catch {
                    return try beginAnew(&state)
                }
            }
        }
        return try result.get()
    }

    /// Closes the pool if its files are gone or others; the next call opens what is there then.
    ///
    /// - Returns: whether they were.
    func reopenIfLost() -> Bool {
        state.withLock { state in
            guard let pool = state.pool else { return false }
            let files = Files(of: path)
            guard let known = state.files, files != known else { return false }
            // SQLite begins a log when it needs one.
            guard known.log != nil || files.database != known.database else {
                state.files = files
                return false
            }
            // This writes the log, deleted or not, into the file that SQLite has open.
            try? pool.close()
            state.pool = nil
            // A log that is left would be taken for that of another file.
            if files.database != known.database {
                for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
            }
            return true
        }
    }

    /// Empties the write-ahead log, which holds pages as they were before rows were deleted.
    func giveUpDeleted() throws(ArchiveError) {
        let pool = try openPool()
        do {
            _ = try pool.writeWithoutTransaction { database in try database.checkpoint(.truncate) }
        } catch {
            throw handled(error)
        }
    }

    /// Reads in a snapshot of its own.
    func read<Value>(_ body: (Database) throws -> Value) throws(ArchiveError) -> Value {
        let pool = try openPool()
        do {
            return try pool.read(body)
        } catch {
            throw handled(error)
        }
    }

    /// Changes the file in one durable transaction.
    func write<Value>(_ body: (Database) throws -> Value) throws(ArchiveError) -> Value {
        let pool = try openPool()
        do {
            return try pool.write(body)
        } catch {
            throw handled(error)
        }
    }

    /// Whether the schema of the file was brought forward in a way that has all rows derived again.
    var wasEmptied: Bool { state.withLock { $0.wasEmptied } }

    /// The open file, if it is open.
    var pool: DatabasePool? { state.withLock { $0.pool } }

    private func openPool() throws(ArchiveError) -> DatabasePool {
        try open()
        guard let pool else { throw .index(detail: "it is closed") }
        return pool
    }

    private func makePool() throws -> (pool: DatabasePool, wasEmptied: Bool) {
        var configuration = Configuration.index
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        // SQLite would make it readable for all; its other files get the permissions of this one.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
        let pool = try DatabasePool(path: path, configuration: configuration)
        let wasEmptied = try Index.bringForward(pool)
        // The pool sets NORMAL by itself, with which the last transactions may be gone after a power cut.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // Rows that are deleted leave nothing behind in the file.
            try database.execute(sql: "PRAGMA secure_delete = ON")
            // Keys are random, so a step touches nearly as many pages as it has rows: with the defaults it would spill
            // them within the transaction and copy them into the file after each one.
            try database.execute(sql: "PRAGMA cache_size = -\(Index.writerCacheKiB)")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(Index.checkpointPages)")
        }
        return (pool, wasEmptied)
    }

    /// Brings the schema up to date. A step that has all rows derived again drops the old ones; the file is then made as
    /// small as what is left, before anything is written to it.
    ///
    /// - Returns: whether rows were dropped.
    private static func bringForward(_ pool: DatabasePool) throws -> Bool {
        // The pages of dropped rows leave the file as a whole, so they are not overwritten one by one.
        try pool.writeWithoutTransaction { database in try database.execute(sql: "PRAGMA secure_delete = OFF") }
        let hadRows = try pool.read { database in
            try database.tableExists("position") && Int.fetchOne(database, sql: "SELECT id FROM position") != nil
        }
        try Migrations.migrator.migrate(pool)
        let isEmptied = try pool.read { database in
            // Pages are free if an earlier start brought the schema forward and was ended right after it.
            let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            return try IndexPosition.fetch(database) == nil && (hadRows || free > 0)
        }
        if isEmptied {
            // What is left is small enough to pass through memory; a container may have no place for temporary files.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA temp_store = MEMORY; VACUUM; PRAGMA temp_store = DEFAULT")
            }
        }
        return isEmptied
    }

    /// Moves the file of another archive away and begins an empty one.
    func moveAside() throws(ArchiveError) {
        let result = state.withLock { state in
            Result { () throws(ArchiveError) in _ = try beginAnew(&state, keepsHistory: false) }
        }
        try result.get()
    }

    /// Moves the file away and begins another one.
    private func beginAnew(_ state: inout State, keepsHistory: Bool = true) throws(ArchiveError) -> String {
        try? state.pool?.close()
        state.pool = nil
        do {
            let files = FileManager.default
            try? files.removeItem(atPath: asidePath)
            try files.moveItem(atPath: path, toPath: asidePath)
            for suffix in ["-wal", "-shm", "-journal"] { try? files.removeItem(atPath: path + suffix) }
            let (pool, _) = try makePool()
            if keepsHistory { Index.salvageHistory(from: asidePath, into: pool) }
            (state.pool, state.wasEmptied) = (pool, false)
            state.files = Files(of: path)
        } catch {
            throw Index.failure(error)
        }
        return asidePath
    }

    /// The error for the caller; a file that has turned out to be damaged is moved away, so that the next call finds
    /// an empty one.
    private func handled(_ error: any Error) -> ArchiveError {
        if let error = error as? ArchiveError { return error }
        if Index.isDamage(error) {
            state.withLock { state in _ = try? beginAnew(&state) }
        }
        return Index.failure(error)
    }

    private static func failure(_ error: any Error) -> ArchiveError {
        if let error = error as? ArchiveError { return error }
        if let error = error as? DatabaseError { return .index(detail: error.message ?? "\(error.resultCode)") }
        return .index(detail: "\(error)")
    }

    private static func isDamage(_ error: any Error) -> Bool {
        guard let code = (error as? DatabaseError)?.resultCode else { return false }
        return code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
    }

    /// Whether the file may be sound and only cannot be used at the moment.
    private static func isPassing(_ error: any Error) -> Bool {
        guard let code = (error as? DatabaseError)?.resultCode else { return false }
        let passing: [ResultCode] = [
            .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY,
            .SQLITE_PERM, .SQLITE_NOMEM, .SQLITE_INTERRUPT, .SQLITE_AUTH,
        ]
        return passing.contains(code)
    }
}

extension Index {
    /// How many pages are copied between two questions whether to give up.
    private static let pagesPerStep: CInt = 256
    private static let pageBytes = 4096

    /// Writes a copy as of now over an empty file, while others go on reading and writing.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    func copy(to path: String, unless isStopped: () -> Bool) throws(ArchiveError) {
        struct Stopped: Error {}
        try open()
        guard let pool else { throw .index(detail: "it is closed") }
        do {
            let copy = try DatabaseQueue(path: path)
            let file = try OpenFile(path, flags: O_RDONLY)
            var written = LongWrite(to: file.descriptor)
            // All steps are of one reading transaction, so what is written meanwhile has none of them taken again.
            try withoutActuallyEscaping(isStopped) { isStopped in
                try pool.backup(to: copy, pagesPerStep: Index.pagesPerStep) { progress in
                    if isStopped() { throw Stopped() }
                    try written.wrote(upTo: progress.completedPageCount * Index.pageBytes)
                }
            }
            // One file that stands for itself: the node that opens it will turn the write-ahead log on again.
            try copy.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch is Stopped {
            throw .copyStopped
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            throw .notCopied(path: path, reason: "no space left on device")
        } catch let error as Errno {
            throw .notCopied(path: path, reason: "\(error)")
        } catch {
            throw .index(detail: (error as? DatabaseError)?.message ?? "\(error)")
        }
    }
}

/// Reading what may be damaged: SQLite's pages carry no checksums, so a flipped bit can make a number of a text. GRDB's
/// subscripts would end the process there; these throw what a damaged file throws.
extension Row {
    /// The value of a column that is never NULL.
    func sound<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else { throw Row.damage }
        return value
    }

    /// The value of a column that may be NULL.
    func soundIfPresent<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value? {
        let stored: DatabaseValue = self[column]
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw Row.damage }
        return value
    }

    private static var damage: DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a value has the wrong type")
    }
}

extension Configuration {
    /// What every connection to an index begins with. Its threads have the priority of all others: GRDB's default is a
    /// higher one, which an ordinary user may not have, and then libdispatch complains on standard error.
    static var index: Configuration {
        var configuration = Configuration()
        configuration.label = "index"
        configuration.qos = .default
        return configuration
    }
}
