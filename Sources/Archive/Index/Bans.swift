internal import Foundation
internal import GRDB
package import IPv8
internal import Synchronization

/// What changing the bans came to.
package struct BanChange: Hashable, Sendable {
    /// How many networks were not banned before, or until another time.
    package var added = 0
    package var removed = 0
    package var unchanged = 0
    /// All bans now.
    package var bans: [Ban] = []
}

extension Archive {
    /// The bans that have not ended, in the order of their texts.
    package func bans(at now: Instant) throws(ArchiveError) -> [Ban] {
        if let known = knownBans.withLock({ $0 }) { return known.filter { $0.until.map { $0 > now } ?? true } }
        let bans = try index.read { database in try Index.bans(at: now, database) }
        knownBans.withLock { $0 = $0 ?? bans }
        return bans
    }

    /// Writes the bans into an index that was begun anew while the archive was open: nothing else has them.
    func writeBansBack() {
        guard let bans = knownBans.withLock({ $0 }), !bans.isEmpty else { return }
        // The next change writes all of them, so a failure loses nothing before the archive is closed.
        try? index.write { database in try Index.replace(bans, database) }
    }

    /// Adds and removes bans in one transaction. A ban of a network that is banned takes the place of that one.
    ///
    /// - Returns: `nil`, and nothing is changed, if there would be more than `countMax`.
    package func changeBans(
        adding: [Ban], removing: [IPNetwork], at now: Instant, countMax: Int
    ) throws(ArchiveError) -> BanChange? {
        let known = try self.bans(at: now)
        let change: BanChange? = try index.write { database in
            var change = BanChange()
            var bans = Dictionary(known.map { ($0.network, $0) }) { first, _ in first }
            for ban in adding {
                guard bans[ban.network].map({ $0.until != ban.until }) ?? true else {
                    change.unchanged += 1
                    continue
                }
                bans[ban.network] = ban
                change.added += 1
            }
            for network in removing {
                if bans.removeValue(forKey: network) == nil { change.unchanged += 1 } else { change.removed += 1 }
            }
            guard bans.count <= countMax else { return nil }
            try Index.replace(bans.values, database)
            change.bans = try Index.bans(at: now, database)
            return change
        }
        if let change { knownBans.withLock { $0 = change.bans } }
        return change
    }
}

extension Index {
    /// Rows that make no sense are left out.
    static func bans(at now: Instant, _ database: Database) throws -> [Ban] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT network, banned_at, ends_at FROM bans WHERE ends_at IS NULL OR ends_at > ? ORDER BY network
                """, arguments: [now.nanoseconds])
        return try rows.compactMap { row in
            guard let network = IPNetwork(try row.sound(0) as String) else { return nil }
            let end: Int64? = try row.soundIfPresent(2)
            return Ban(
                network, since: Instant(nanoseconds: try row.sound(1)), until: end.map { Instant(nanoseconds: $0) })
        }
    }

    static func replace(_ bans: some Sequence<Ban>, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM bans")
        let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO bans VALUES (?, ?, ?)")
        for ban in bans {
            try statement.execute(arguments: [
                ban.network.description, ban.since.nanoseconds, ban.until?.nanoseconds,
            ])
        }
    }
}
