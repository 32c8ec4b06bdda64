internal import Foundation
internal import GRDB
internal import IPv8

/// What is due, and how it went. Due moments stand with the entries; what an attempt came to stands in `restores`.
extension Index {
    /// The targets of unpinned values that are due, those that are lost soonest first.
    func dueList(at now: Instant, limit: Int) throws(ArchiveError) -> DueList {
        try read { database in
            var list = DueList()
            let counts = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), count(*) FILTER (WHERE restore_due <= ?1), min(restore_due) FILTER (WHERE restore_due > ?1)
                    FROM entries WHERE restore_due IS NOT NULL
                    """, arguments: [now.nanoseconds])
            list.kept = counts?[0] ?? 0
            list.total = counts?[1] ?? 0
            list.nextDue = (counts?[2] as Int64?).map { Instant(nanoseconds: $0) }
            guard list.total > 0 else { return list }
            let cursor = try Row.fetchCursor(
                database,
                sql: """
                    SELECT e.target, min(e.expires_at) AS deadline
                    FROM entries AS e LEFT JOIN restores AS r ON r.target = e.target
                    WHERE e.restore_due <= ?1 AND coalesce(r.retry_at, 0) <= ?1
                    GROUP BY e.target ORDER BY deadline LIMIT ?2
                    """, arguments: [now.nanoseconds, limit])
            while let row = try cursor.next() {
                guard let bits = Bits160((row[0] as Data)[...]) else { continue }
                list.targets.append(
                    DueTarget(target: Target(bits: bits), deadline: Instant(nanoseconds: row[1]), isPinned: false))
            }
            return list
        }
    }

    /// The targets under which there are values of a signer.
    func targets(signedBy signer: Mid, limit: Int) throws(ArchiveError) -> [Target] {
        try read { database in
            try Data.fetchAll(
                database, sql: "SELECT DISTINCT target FROM entries WHERE signer = ? LIMIT ?",
                arguments: [signer.blob, limit]
            ).compactMap { Bits160($0[...]).map { Target(bits: $0) } }
        }
    }

    /// When the values of a target that are due at all expire first; `nil` where it has none.
    func deadline(of target: Target) throws(ArchiveError) -> Instant? {
        try read { database in
            try Int64.fetchOne(
                database, sql: "SELECT min(expires_at) FROM entries WHERE target = ?", arguments: [target.blob]
            ).map { Instant(nanoseconds: $0) }
        }
    }

    /// How it stands with storing a target again; `nil` where that has not been tried.
    func restoreState(of target: Target) throws(ArchiveError) -> RestoreState? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM restores WHERE target = ?", arguments: [target.blob])
                .flatMap { RestoreState($0) }
        }
    }

    /// Notes how storing again went.
    func note(_ results: [RestoreResult], at now: Instant) throws(ArchiveError) {
        try write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO restores VALUES (?1, ?2, iif(?3 = 0, 1, 0), ?3, ?4, ?5, ?6, ?7, ?8)
                    ON CONFLICT DO UPDATE SET
                        last_attempt_at = ?2, attempts = iif(?3 = 0, attempts + 1, 0), acknowledged = ?3, holders = ?4,
                        retry_at = ?5, sought_at = coalesce(?6, sought_at), sought_asked = coalesce(?7, sought_asked),
                        sought_found = coalesce(?8, sought_found)
                    """)
            for result in results {
                let holders = result.holders.map { "\($0.mid) \($0.address)" }.joined(separator: "\n")
                try statement.execute(arguments: [
                    result.target.blob, now.nanoseconds, result.holders.count, holders, result.retryAt?.nanoseconds,
                    result.sought.map { _ in now.nanoseconds }, result.sought?.answered, result.sought?.found,
                ])
            }
        }
    }

    /// Forgets how it went with targets that nothing is held of any more.
    func trimRestores(olderThan oldest: Instant) throws(ArchiveError) {
        try write { database in
            try database.execute(
                sql: """
                    DELETE FROM restores WHERE last_attempt_at < ?
                        AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.target = restores.target)
                    """, arguments: [oldest.nanoseconds])
        }
    }

    /// Keeps these jobs, and leaves others as they are.
    func save(_ jobs: [JobState]) throws(ArchiveError) {
        try write { database in
            let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?)")
            for job in jobs {
                try statement.execute(arguments: [
                    job.name, job.due.nanoseconds, job.lastRun?.nanoseconds, job.lastResult, job.budget,
                ])
            }
        }
    }

    /// The recurring jobs, in the order of their names.
    func jobs() throws(ArchiveError) -> [JobState] { try read { database in try JobState.fetchAll(database) } }

    /// Keeps these buckets, and no others.
    func save(_ buckets: [StoredBucket], at now: Instant) throws(ArchiveError) {
        try write { database in
            try database.execute(sql: "DELETE FROM buckets")
            let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)")
            for bucket in buckets {
                try statement.execute(arguments: [
                    bucket.family.rawValue, bucket.prefix, bucket.contacts, bucket.lastChanged.nanoseconds,
                    now.nanoseconds,
                ])
            }
        }
    }
}

extension RestoreState {
    init?(_ row: Row) {
        guard let bits = Bits160((row["target"] as Data)[...]) else { return nil }
        let holders: String = row["holders"]
        target = Target(bits: bits)
        lastAttempt = Instant(nanoseconds: row["last_attempt_at"])
        attempts = row["attempts"]
        acknowledged = row["acknowledged"]
        self.holders = holders.split(separator: "\n").map(String.init)
        retryAt = (row["retry_at"] as Int64?).map { Instant(nanoseconds: $0) }
        soughtAt = (row["sought_at"] as Int64?).map { Instant(nanoseconds: $0) }
        if let answered = row["sought_asked"] as Int?, let found = row["sought_found"] as Int? {
            sought = RestoreResult.Sought(answered: answered, found: found)
        }
    }
}

extension JobState {
    /// All jobs, in the order of their names.
    static func fetchAll(_ database: Database) throws -> [JobState] {
        try Row.fetchAll(database, sql: "SELECT name, due_at, last_run_at, last_result, budget FROM jobs ORDER BY name")
            .map { row in
                JobState(
                    name: row[0], due: Instant(nanoseconds: row[1]),
                    lastRun: (row[2] as Int64?).map { Instant(nanoseconds: $0) }, lastResult: row[3], budget: row[4])
            }
    }
}
