internal import Foundation
internal import GRDB
internal import IPv8
internal import Migrations
internal import Platform

/// The index of an archive that is only read.
final class ReadOnlyIndex: Sendable {
    private let queue: DatabaseQueue

    /// Opens a file that exists; an index that cannot be read is an `ArchiveError.index` or `newerSchema`.
    ///
    /// - Parameter isShared: whether somebody may write to it meanwhile. Otherwise no file is made or changed.
    init(path: String, isShared: Bool) throws(ArchiveError) {
        // SQLite would wait for a pipe's other end, also for one in place of a file that it opens beside the index.
        for file in [path, path + "-wal", path + "-shm"] {
            guard (try? FileStatus.of(file))?.isRegularFile != false else {
                throw .index(detail: "\(file) is not a regular file")
            }
        }
        var configuration = Configuration.index
        configuration.readonly = true
        do {
            queue = try DatabaseQueue(
                path: isShared ? path : try ReadOnlyIndex.untouched(path), configuration: configuration)
            let (isNewer, isComplete) = try queue.read { database in
                let migrator = Migrations.migrator
                return (
                    try migrator.hasBeenSuperseded(database),
                    try migrator.appliedIdentifiers(database).contains(Migrations.lastForReading)
                )
            }
            if isNewer { throw ArchiveError.newerSchema(path: path) }
            guard isComplete else {
                throw ArchiveError.index(detail: "an older program wrote it, and a node brings it forward")
            }
        } catch {
            throw ReadOnlyIndex.failure(error)
        }
    }

    /// How SQLite is to open a file so that it leaves everything as it is.
    ///
    /// Where nothing is in the write-ahead log, it is told that nobody writes. A node that was killed leaves changes
    /// there: then they are read, and what finds them is made in memory, as long as the file is there that it would be
    /// in otherwise.
    static func untouched(_ path: String) throws(ArchiveError) -> String {
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        let log = try? FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
        guard (log ?? 0) > 0 else { return "file:\(escaped)?immutable=1" }
        guard FileManager.default.fileExists(atPath: path + "-shm") else {
            throw .index(detail: "index.sqlite-wal holds changes and index.sqlite-shm is missing, which a node mends")
        }
        return "file:\(escaped)?readonly_shm=1"
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(ArchiveError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw ReadOnlyIndex.failure(error)
        }
    }

    /// Changes tables of the connection's own, which are not in the file.
    func prepare(_ body: (Database) throws -> Void) throws(ArchiveError) {
        do {
            try queue.writeWithoutTransaction(body)
        } catch {
            throw ReadOnlyIndex.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> ArchiveError {
        if let error = error as? ArchiveError { return error }
        return .index(detail: (error as? DatabaseError)?.message ?? "\(error)")
    }
}

extension ReadOnlyIndex {
    /// How far it has followed which archive.
    func position() throws(ArchiveError) -> IndexPosition? {
        try read { database in try IndexPosition.fetch(database) }
    }

    /// How many signers there are and how expiry goes, each from one of SQLite's indexes; the place in the journal is left
    /// to the caller.
    func summary(at now: Instant) throws(ArchiveError) -> ArchiveSummary.IndexSummary {
        try read { database in
            func count(_ condition: String, _ arguments: StatementArguments = []) throws -> Int {
                try Int.fetchOne(database, sql: "SELECT count(*) FROM entries WHERE \(condition)", arguments: arguments)
                    ?? 0
            }
            func served(before end: Duration) throws -> Int {
                try count(
                    "retained = 0 AND expires_at > ? AND expires_at <= ?",
                    [now.nanoseconds, (now + end).nanoseconds])
            }
            let next = try Int64.fetchOne(
                database, sql: "SELECT min(expires_at) FROM entries WHERE retained = 0 AND expires_at > ?",
                arguments: [now.nanoseconds])
            let signers = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM (SELECT 1 FROM entries WHERE signer IS NOT NULL GROUP BY signer)")
            return ArchiveSummary.IndexSummary(
                lastChange: 0, isRebuilding: false, signers: signers ?? 0,
                expired: try count("retained IN (0, 1) AND expires_at <= ?", [now.nanoseconds]),
                retained: try count("retained = 1"), nextExpiry: next.map { Instant(nanoseconds: $0) },
                expiringInAnHour: try served(before: .seconds(3600)),
                expiringInADay: try served(before: .seconds(86_400)))
        }
    }

    /// What was found out about the signatures of the values under a target.
    func verifications(of target: Target) throws(ArchiveError) -> [EntryKey: Verification] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT class, identity, verified_algorithm, verified_result, verified_at, verified_by
                    FROM entries WHERE target = ?
                    """, arguments: [target.blob])
            var found: [EntryKey: Verification] = [:]
            for row in rows {
                let entryClass: Int64 = try row.sound(0)
                let bytes = target.bytes + [UInt8(truncatingIfNeeded: entryClass)] + Array(try row.sound(1) as Data)
                guard let key = EntryKey(bytes: bytes), let algorithm = try row.soundIfPresent(2) as String?,
                    let result = try row.soundIfPresent(3) as String?, let at = try row.soundIfPresent(4) as Int64?,
                    let by = try row.soundIfPresent(5) as String?
                else { continue }
                found[key] = Verification(
                    algorithm: algorithm, result: result, at: Instant(nanoseconds: at), by: by)
            }
            return found
        }
    }
}
