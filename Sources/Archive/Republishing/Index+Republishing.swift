internal import Foundation
internal import GRDB
public import IPv8
public import Maintenance

/// The state of republishing a target.
public struct RepublishState: Hashable, Sendable {
    public var target: Target
    public var lastAttempt: Instant
    /// How many attempts in a row nobody acknowledged.
    public var attempts: Int
    /// How many nodes acknowledged it the last time.
    public var acknowledged: Int
    public var lastOutcome: RepublishResult.Outcome?
    /// The mids and addresses of those nodes.
    public var holders: [String]
    /// When to try again at the earliest; `nil` if the target's due time decides.
    public var retryAt: Instant?
    /// When the node last looked for replicas; `nil` if it never did.
    public var soughtAt: Instant?
    public var sought: RepublishResult.Sought?
}

/// What is due, and how republishing went. Due moments are in `entries`, the results of attempts in `republications`.
extension Index {
    /// The targets of values that are due, those that are lost soonest first. An attempt that is to be repeated later holds
    /// back what was due then, not what has come due since.
    func dueList(at now: Instant, limit: Int) throws(ArchiveError) -> DueKeys {
        try read { database in
            var list = DueKeys()
            let horizon = (now + republishRule.interval).nanoseconds
            let counts = try Row.fetchOne(database, sql: Index.dueCountsText, arguments: [now.nanoseconds, horizon])
            list.kept = try counts?.sound(0) ?? 0
            list.total = try counts?.sound(1) ?? 0
            list.nextDue = try counts?.soundIfPresent(2).map { Instant(nanoseconds: $0) }
            guard list.total > 0 else { return list }
            let cursor = try Row.fetchCursor(
                database, sql: Index.dueKeysText, arguments: [now.nanoseconds, horizon, limit])
            while let row = try cursor.next() {
                guard let bits = Bits160(try row.sound(0) as Data) else { continue }
                let deadline = Instant(nanoseconds: try row.sound(1))
                list.keys.append(DueKey(target: Target(bits: bits), deadline: deadline, isPinned: false))
            }
            return list
        }
    }

    // In the following, the signs before targets keep SQLite from reading all rows in the order of their targets: few of them
    // may ever be stored again.

    /// How many targets are ever stored again, how many of them now, and when the next one is.
    static let dueCountsText = """
        SELECT count(*), count(*) FILTER (WHERE is_due), min(later)
        FROM (
            SELECT max(republish_due <= ?1 OR republish_due > ?2) AS is_due,
                min(republish_due) FILTER (WHERE republish_due > ?1 AND republish_due <= ?2) AS later
            FROM entries WHERE republish_due IS NOT NULL GROUP BY +target)
        """

    static let dueKeysText = """
        SELECT e.target, min(e.expires_at) AS deadline
        FROM entries AS e LEFT JOIN republications AS r ON r.target = e.target
        WHERE (e.republish_due <= ?1 OR e.republish_due > ?2)
            AND (coalesce(r.retry_at, 0) <= ?1 OR r.last_attempt_at > ?1
                OR e.republish_due > r.last_attempt_at AND e.republish_due <= ?1)
        GROUP BY +e.target ORDER BY deadline LIMIT ?3
        """

    /// The targets under which there are values of a signer, in order, after one of them.
    func targets(signedBy signer: Mid, after last: Target? = nil, limit: Int) throws(ArchiveError) -> [Target] {
        try read { database in
            try Data.fetchAll(
                database,
                sql: "SELECT target FROM entries WHERE signer = ? AND target > ? ORDER BY target LIMIT ?",
                arguments: [signer.blob, last?.blob ?? Data(), limit]
            ).compactMap { Bits160($0[...]).map { Target(bits: $0) } }
        }
    }

    /// How a target stands by its values alone, whether it is pinned or not.
    struct Standing {
        /// When the first of its values expires; `nil` if it has none.
        var deadline: Instant?
        /// Whether one of its values is ever to be stored again.
        var isKept = false
        /// Whether one of its values is to be stored again now.
        var isDue = false
    }

    /// How a target stands by its values.
    func standing(of target: Target, at now: Instant) throws(ArchiveError) -> Standing {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT min(expires_at), count(republish_due),
                        count(*) FILTER (WHERE republish_due <= ?2 OR republish_due > ?3)
                    FROM entries WHERE target = ?1
                    """,
                arguments: [target.blob, now.nanoseconds, (now + republishRule.interval).nanoseconds])
            return Standing(
                deadline: try row?.soundIfPresent(0).map { Instant(nanoseconds: $0) },
                isKept: try (row?.sound(1) ?? 0) > 0, isDue: try (row?.sound(2) ?? 0) > 0)
        }
    }

    /// The state of republishing a target; `nil` if that has not been tried.
    func republishState(of target: Target) throws(ArchiveError) -> RepublishState? {
        try read { database in
            try Row.fetchOne(database, sql: RepublishState.text + " WHERE target = ?", arguments: [target.blob])
                .flatMap { try RepublishState($0) }
        }
    }

    /// How many nodes acknowledged each target that was ever looked for because of a pin.
    func acknowledgedOfSought() throws(ArchiveError) -> [Target: Int] {
        try read { database in
            var counts: [Target: Int] = [:]
            let cursor = try Row.fetchCursor(
                database, sql: "SELECT target, acknowledged FROM republications WHERE sought_at IS NOT NULL")
            while let row = try cursor.next() {
                guard let bits = Bits160(try row.sound(0) as Data) else { continue }
                counts[Target(bits: bits)] = try row.sound(1)
            }
            return counts
        }
    }

    /// Notes how republishing went.
    func note(_ results: [RepublishResult], at now: Instant) throws(ArchiveError) {
        try write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO republications VALUES (?1, ?2, iif(?3 = 0, 1, 0), ?3, ?9, ?4, ?5, ?6, ?7, ?8)
                    ON CONFLICT DO UPDATE SET
                        last_attempt_at = ?2, attempts = iif(?3 = 0, attempts + 1, 0), acknowledged = ?3, holders = ?4,
                        last_result = ?9, retry_at = ?5, sought_at = coalesce(?6, sought_at), sought_asked = coalesce(?7, sought_asked),
                        sought_found = coalesce(?8, sought_found)
                    """)
            for result in results {
                let holders = result.holders.map { "\($0.publicKey.mid) \($0.address)" }.joined(separator: "\n")
                try statement.execute(arguments: [
                    result.target.blob, now.nanoseconds, result.holders.count, holders, result.retryAt?.nanoseconds,
                    result.sought.map { _ in now.nanoseconds }, result.sought?.answered, result.sought?.found,
                    result.outcome.rawValue,
                ])
            }
        }
    }

    /// Deletes the notes about targets that have no values any more.
    func trimRepublications(olderThan oldest: Instant) throws(ArchiveError) {
        try write { database in
            try database.execute(
                sql: """
                    DELETE FROM republications WHERE last_attempt_at < ?
                        AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.target = republications.target)
                    """, arguments: [oldest.nanoseconds])
        }
    }

    /// Saves these jobs; other jobs stay.
    func save(_ jobs: [JobReport]) throws(ArchiveError) {
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
    func jobs() throws(ArchiveError) -> [JobReport] { try read { database in try JobReport.fetchAll(database) } }

    /// Saves these buckets instead of all others.
    func save(_ buckets: [BucketReport], at now: Instant) throws(ArchiveError) {
        try write { database in
            try database.execute(sql: "DELETE FROM buckets")
            let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)")
            for bucket in buckets {
                try statement.execute(arguments: [
                    bucket.family.rawValue, bucket.prefix, bucket.contactCount, bucket.lastChanged.nanoseconds,
                    now.nanoseconds,
                ])
            }
        }
    }
}

extension RepublishState {
    static let text = """
        SELECT target, last_attempt_at, attempts, acknowledged, last_result, holders, retry_at, sought_at, sought_asked,
            sought_found
        FROM republications
        """

    init?(_ row: Row) throws {
        guard let bits = Bits160(try row.sound(0) as Data) else { return nil }
        target = Target(bits: bits)
        lastAttempt = Instant(nanoseconds: try row.sound(1))
        attempts = try row.sound(2)
        acknowledged = try row.sound(3)
        lastOutcome = RepublishResult.Outcome(rawValue: try row.sound(4))
        holders = (try row.sound(5) as String).split(separator: "\n").map(String.init)
        retryAt = try row.soundIfPresent(6).map { Instant(nanoseconds: $0) }
        soughtAt = try row.soundIfPresent(7).map { Instant(nanoseconds: $0) }
        if let answered = try row.soundIfPresent(8) as Int?, let found = try row.soundIfPresent(9) as Int? {
            sought = RepublishResult.Sought(answered: answered, found: found)
        }
    }
}

extension JobReport {
    /// All jobs, in the order of their names.
    static func fetchAll(_ database: Database) throws -> [JobReport] {
        try Row.fetchAll(database, sql: "SELECT name, due_at, last_run_at, last_result, budget FROM jobs ORDER BY name")
            .map { row in
                JobReport(
                    name: try row.sound(0), due: Instant(nanoseconds: try row.sound(1)),
                    lastRun: try row.soundIfPresent(2).map { Instant(nanoseconds: $0) },
                    lastResult: try row.soundIfPresent(3), budget: try row.sound(4))
            }
    }
}
