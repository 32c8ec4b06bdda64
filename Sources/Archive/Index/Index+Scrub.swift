internal import Foundation
internal import GRDB
internal import IPv8

extension Index {
    /// Notes that a scrub found the signatures of these entries valid.
    func noteVerified(_ keys: [EntryKey], at now: Instant, inScrubFrom start: Instant) throws(ArchiveError) {
        try write { database in
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE entries SET scrubbed_at = ?, scrub_started_at = ?
                    WHERE target = ? AND class = ? AND identity = ?
                    """)
            for key in keys {
                try statement.execute(arguments: [
                    now.nanoseconds, start.nanoseconds, key.target.blob, Int64(key.entryClass.rawValue), key.id.blob,
                ])
            }
        }
    }

    /// How far the scrub is; `nil` if none has been begun.
    func scrubState() throws(ArchiveError) -> ScrubState? {
        try read { database in
            guard let row = try Row.fetchOne(database, sql: ScrubState.text) else { return nil }
            var state = ScrubState()
            state.run = try row.soundIfPresent(0)
            state.startedAt = try row.soundIfPresent(1).map { Instant(nanoseconds: $0) }
            let table: Int64 = try row.sound(2)
            state.cursor = ScrubCursor(
                table: UInt8(truncatingIfNeeded: table), key: Array(try row.sound(3) as Data))
            state.checked = try row.sound(4)
            state.damaged = try row.sound(5)
            state.finishedAt = try row.soundIfPresent(6).map { Instant(nanoseconds: $0) }
            state.finishedChecked = try row.sound(7)
            state.finishedDamaged = try row.sound(8)
            return state
        }
    }

    /// Keeps how far the scrub is.
    func save(_ state: ScrubState) throws(ArchiveError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO scrub VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    state.run, state.startedAt?.nanoseconds, Int64(state.cursor.table), Data(state.cursor.key),
                    state.checked, state.damaged, state.finishedAt?.nanoseconds, state.finishedChecked,
                    state.finishedDamaged,
                ])
        }
    }
}

extension ScrubState {
    fileprivate static let text = """
        SELECT run, started_at, place_table, place_key, checked, damaged, finished_at, finished_checked, finished_damaged
        FROM scrub WHERE id = 1
        """
}
