internal import GRDB
internal import IPv8

/// Samples of the main figures, and the log of notable events: what cannot be derived from the archive.
extension Index {
    /// How many events of each kind are kept.
    static let eventsPerKindMax = 1000

    private static let columns = HistoryFigure.allCases.map(\.rawValue)

    /// Keeps the figures of the minute that a moment is in, and makes the row of its hour anew, in one transaction. Two
    /// samples of one minute, which a clock that was set back makes, leave the later one.
    ///
    /// - Parameter deletesByAge: whether the clock can be trusted to tell what is old.
    func add(_ figures: [HistoryFigure: Int], at now: Instant, deletesByAge: Bool) throws(ArchiveError) {
        try write { database in
            try Index.put(StoredSample(start: SampleSpan.minute.start(of: now), figures: figures), .minute, database)
            let isNewHour = try Index.summarize(SampleSpan.hour.start(of: now), database)
            for span in SampleSpan.allCases {
                if deletesByAge {
                    try database.execute(
                        sql: "DELETE FROM samples WHERE span = ? AND started_at < ?",
                        arguments: [span.rawValue, (now - span.kept).nanoseconds])
                }
                if isNewHour { try Index.trim(span, database) }
            }
        }
    }

    private static func put(_ sample: StoredSample, _ span: SampleSpan, _ database: Database) throws {
        let places = Array(repeating: "?", count: columns.count + 2).joined(separator: ", ")
        let statement = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO samples (span, started_at, \(columns.joined(separator: ", "))) VALUES (\(places))
                """)
        let values = [span.rawValue, Int(sample.start.nanoseconds)]
        try statement.execute(
            arguments: StatementArguments(values + HistoryFigure.allCases.map { sample.figures[$0] ?? 0 }))
    }

    /// Makes an hour's row from its minutes. Returns `true` if the row is new.
    private static func summarize(_ hour: Instant, _ database: Database) throws -> Bool {
        let isThere = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM samples WHERE span = ? AND started_at = ?)",
            arguments: [SampleSpan.hour.rawValue, hour.nanoseconds])
        let statement = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO samples (span, started_at, \(columns.joined(separator: ", ")))
                SELECT ?, ?, \(summaries) FROM samples
                WHERE span = ? AND started_at >= ? AND started_at < ?
                """)
        try statement.execute(arguments: [
            SampleSpan.hour.rawValue, hour.nanoseconds, SampleSpan.minute.rawValue, hour.nanoseconds,
            (hour + SampleSpan.hour.duration).nanoseconds,
        ])
        return isThere != true
    }

    /// The figures of a longer time, from the samples of shorter ones.
    private static let summaries: String = HistoryFigure.allCases.map { figure -> String in
        switch figure.summary {
        case .average: "CAST(round(avg(\(figure.rawValue))) AS INTEGER)"
        case .sum: "sum(\(figure.rawValue))"
        case .maximum: "max(\(figure.rawValue))"
        }
    }.joined(separator: ", ")

    private static func trim(_ span: SampleSpan, _ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM samples WHERE span = ?1 AND started_at <= (
                    SELECT started_at FROM samples WHERE span = ?1 ORDER BY started_at DESC LIMIT 1 OFFSET ?2)
                """, arguments: [span.rawValue, span.countMax])
    }

    /// The samples that began from a moment on and before another one, oldest first.
    func samples(
        _ span: SampleSpan, from start: Instant, to end: Instant, limit: Int
    ) throws(ArchiveError) -> [StoredSample] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT started_at, \(Index.columns.joined(separator: ", ")) FROM samples
                    WHERE span = ? AND started_at >= ? AND started_at < ? ORDER BY started_at LIMIT ?
                    """, arguments: [span.rawValue, start.nanoseconds, end.nanoseconds, max(0, limit)]
            ).map(Index.sample)
        }
    }

    /// The days in UTC, made from their hours, that have hours which began from a moment on and before another one, oldest
    /// first.
    func days(from start: Instant, to end: Instant, limit: Int) throws(ArchiveError) -> [StoredSample] {
        try read { database in
            let day = 24 * SampleSpan.hour.duration.nanoseconds
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT started_at - started_at % \(day) AS day, \(Index.summaries) FROM samples
                    WHERE span = ? AND started_at >= ? AND started_at < ? GROUP BY day ORDER BY day LIMIT ?
                    """,
                arguments: [SampleSpan.hour.rawValue, start.nanoseconds, end.nanoseconds, max(0, limit)]
            ).map(Index.sample)
        }
    }

    /// When the last minute began of which there is a sample.
    func lastSampleAt() throws(ArchiveError) -> Instant? {
        try read { database in
            try Int64.fetchOne(
                database, sql: "SELECT max(started_at) FROM samples WHERE span = ?",
                arguments: [SampleSpan.minute.rawValue]
            ).map { Instant(nanoseconds: $0) }
        }
    }

    private static func sample(_ row: Row) throws -> StoredSample {
        var sample = StoredSample(start: Instant(nanoseconds: try row.sound(0)), figures: [:])
        for (place, figure) in HistoryFigure.allCases.enumerated() { sample.figures[figure] = try row.sound(place + 1) }
        return sample
    }

    // MARK: Events

    /// Adds events to the log, and removes the oldest of their kinds beyond what is kept.
    func note(_ events: [StoredEvent]) throws(ArchiveError) {
        try write { database in for event in events { try Index.put(event, database) } }
    }

    private static func put(_ event: StoredEvent, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO notable_events (happened_at, kind, code, text) VALUES (?, ?, ?, ?)",
            arguments: [event.at.nanoseconds, event.kind.rawValue, event.code, event.text])
        try database.execute(
            sql: """
                DELETE FROM notable_events WHERE kind = ?1 AND number <= (
                    SELECT number FROM notable_events WHERE kind = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)
                """, arguments: [event.kind.rawValue, eventsPerKindMax])
    }

    /// The last events with numbers below a given one, newest first.
    func events(before number: Int?, limit: Int) throws(ArchiveError) -> [StoredEvent] {
        try read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT number, happened_at, kind, code, text FROM notable_events
                    WHERE number < ? ORDER BY number DESC LIMIT ?
                    """, arguments: [number ?? .max, max(0, limit)]
            ).compactMap(Index.event)
        }
    }

    func lastEvent(of kinds: [StoredEvent.Kind]) throws(ArchiveError) -> StoredEvent? {
        try read { database in
            let places = kinds.map { _ in "?" }.joined(separator: ", ")
            return try Row.fetchOne(
                database,
                sql: """
                    SELECT number, happened_at, kind, code, text FROM notable_events
                    WHERE kind IN (\(places)) ORDER BY number DESC LIMIT 1
                    """, arguments: StatementArguments(kinds.map(\.rawValue))
            ).flatMap(Index.event)
        }
    }

    /// `nil` for a kind that a later version has added.
    private static func event(_ row: Row) throws -> StoredEvent? {
        guard let kind = StoredEvent.Kind(rawValue: try row.sound(2)) else { return nil }
        return StoredEvent(
            number: try row.sound(0), at: Instant(nanoseconds: try row.sound(1)), kind: kind,
            code: try row.soundIfPresent(3), text: try row.sound(4))
    }

    // MARK: A damaged file

    /// Copies what can be read of the history in a file that was moved aside, up to the first damage in each table.
    static func salvageHistory(from path: String, into pool: DatabasePool) {
        var configuration = Configuration()
        configuration.readonly = true
        guard let old = try? DatabaseQueue(path: path, configuration: configuration) else { return }
        try? pool.write { database in
            for span in SampleSpan.allCases {
                try? old.read { old in
                    let present = try String.fetchSet(old, sql: "SELECT name FROM pragma_table_info('samples')")
                    // A file of an older schema has fewer of them.
                    let figures = columns.map { present.contains($0) ? $0 : "0" }
                    let cursor = try Row.fetchCursor(
                        old,
                        sql: """
                            SELECT started_at, \(figures.joined(separator: ", ")) FROM samples
                            WHERE span = ? ORDER BY started_at DESC LIMIT ?
                            """, arguments: [span.rawValue, span.countMax])
                    while let row = try cursor.next() { try put(try sample(row), span, database) }
                }
            }
            var events: [StoredEvent] = []
            try? old.read { old in
                let cursor = try Row.fetchCursor(
                    old, sql: "SELECT number, happened_at, kind, code, text FROM notable_events ORDER BY number")
                while let row = try cursor.next() {
                    if let event = try event(row) { events.append(event) }
                }
            }
            for event in events { try put(event, database) }
            // The operator's bans cannot be derived either.
            if let bans = try? old.read({ try Index.bans(at: .distantPast, $0) }) { try replace(bans, database) }
        }
        try? old.close()
    }
}
