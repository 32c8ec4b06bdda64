internal import Foundation
internal import GRDB
internal import IPv8
internal import Migrations

/// The index beside an archive that is looked at, and not written to.
final class ReadOnlyIndex: Sendable {
    private let queue: DatabaseQueue

    /// Opens a file that exists; an index that cannot be read is an `ArchiveError.index` or `newerSchema`.
    ///
    /// - Parameter isShared: whether somebody may write to it meanwhile. Otherwise SQLite is told that nobody does, so
    ///   that it makes no files of its own, unless a node that was killed has left changes in its write-ahead log.
    init(path: String, isShared: Bool) throws(ArchiveError) {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "index"
        let log = try? FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
        let isImmutable = !isShared && (log ?? 0) == 0
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        do {
            queue = try DatabaseQueue(
                path: isImmutable ? "file:\(escaped)?immutable=1" : path, configuration: configuration)
            let isNewer = try queue.read { database in try Migrations.migrator.hasBeenSuperseded(database) }
            if isNewer { throw ArchiveError.newerSchema(path: path) }
        } catch {
            throw ReadOnlyIndex.failure(error)
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(ArchiveError) -> Value {
        do {
            return try queue.read(body)
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

    /// How many signers there are.
    func signerCount() throws(ArchiveError) -> Int {
        try read { database in try Int.fetchOne(database, sql: "SELECT count(DISTINCT signer) FROM entries") ?? 0 }
    }

    /// How many values are not served any more.
    func expiredCount(at now: Instant) throws(ArchiveError) -> Int {
        try read { database in
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM entries WHERE expires_at <= ?", arguments: [now.nanoseconds]) ?? 0
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
