internal import Foundation
internal import GRDB
package import IPv8
package import Maintenance

/// A value that is to be stored in the DHT again, and how that went before.
package struct DueValue: Hashable, Sendable {
    /// The key that it stands under.
    package var target: Target
    package var entryClass: EntryClass
    package var id: EntryID
    package var due: Instant
    /// How it went with the key; `nil` if it has not been tried.
    package var state: RepublishState?
}

/// How much is to be stored in the DHT again.
package struct DueSummary: Hashable, Sendable {
    /// Keys that have a value which is due.
    package var due: Int
    /// Keys that have a value which is stored again sooner or later.
    package var kept: Int
    /// When the next value is due, of those that are not yet; `nil` if none will be.
    package var next: Instant?
    /// How long after it was last stored a value is due; `nil` if the index does not say.
    package var interval: Duration?
    /// Keys and signers that are pinned: these are looked for and stored again for as long as they are.
    package var pins: Int
}

/// Goes over the values that are to be stored again, in the order in which they are due, a part at a time.
package struct DueWalk {
    private let index: ReadOnlyIndex
    private var place: Int64 = 0
    /// Whether there is nothing more to come.
    package private(set) var isAtEnd = false

    private static let rowsPerPart = 256

    /// Begins a walk.
    ///
    /// - Parameter limit: how many are wanted at most.
    package init(_ reader: ArchiveReader, limit: Int?) throws(ArchiveError) {
        index = try reader.askedIndex()
        let limitText = limit.map { " LIMIT \($0)" } ?? ""
        try index.order(
            """
            SELECT target, class, identity, republish_due FROM entries WHERE republish_due IS NOT NULL
            ORDER BY republish_due, expires_at\(limitText)
            """, [])
    }

    /// The next ones; there may be none, and more later.
    package mutating func next() throws(ArchiveError) -> [DueValue] {
        guard !isAtEnd else { return [] }
        let rows = try index.ordered(after: place, limit: DueWalk.rowsPerPart)
        isAtEnd = rows.count < DueWalk.rowsPerPart
        place = rows.last?.place ?? place
        var values: [DueValue] = []
        for row in rows {
            guard let key = row.entryKey, let due = row.number else { continue }
            values.append(
                DueValue(
                    target: key.target, entryClass: key.entryClass, id: key.id, due: Instant(nanoseconds: due),
                    state: try index.republishState(of: key.target)))
        }
        return values
    }
}

extension ArchiveReader {
    /// The recurring jobs as they were last written down, those that are due soonest first.
    package func jobs() throws(ArchiveError) -> [JobReport] {
        try askedIndex().read { database in try JobReport.fetchAll(database) }.sorted {
            ($0.due, $0.name) < ($1.due, $1.name)
        }
    }

    /// How much is to be stored in the DHT again.
    package func dueSummary(at now: Instant) throws(ArchiveError) -> DueSummary {
        var summary = try askedIndex().dueSummary(at: now)
        if environment.has(.pins) {
            summary.pins = try environment.read { (transaction) throws(ArchiveError) in
                try transaction.recordCount(.pins)
            }
        }
        return summary
    }

    /// When values under a key are to be stored in the DHT again, those that are at all, and how it went with the key;
    /// nothing where the index cannot be asked.
    func republishing(of target: Target) -> (due: [EntryKey: Instant], state: RepublishState?) {
        guard let index = try? askedIndex() else { return ([:], nil) }
        return ((try? index.due(under: target)) ?? [:], (try? index.republishState(of: target)) ?? nil)
    }
}

extension ReadOnlyIndex {
    /// How it stands with storing a key again; `nil` if that has not been tried.
    fileprivate func republishState(of target: Target) throws(ArchiveError) -> RepublishState? {
        try read { database in
            try Row.fetchOne(database, sql: RepublishState.text + " WHERE target = ?", arguments: [target.blob])
                .flatMap { try RepublishState($0) }
        }
    }

    /// When the values under a key are due.
    fileprivate func due(under target: Target) throws(ArchiveError) -> [EntryKey: Instant] {
        try read { database in
            var due: [EntryKey: Instant] = [:]
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT class, identity, republish_due FROM entries
                    WHERE target = ? AND republish_due IS NOT NULL
                    """, arguments: [target.blob])
            for row in rows {
                let place = OrderedRow(
                    place: 0, target: target.blob, entryClass: try row.sound(0), identity: try row.sound(1), number: nil
                )
                if let key = place.entryKey { due[key] = Instant(nanoseconds: try row.sound(2)) }
            }
            return due
        }
    }

    fileprivate func dueSummary(at now: Instant) throws(ArchiveError) -> DueSummary {
        try read { database in
            func keys(_ condition: String, _ arguments: StatementArguments) throws -> Int {
                try Int.fetchOne(
                    database, sql: "SELECT count(DISTINCT target) FROM entries WHERE \(condition)", arguments: arguments
                )
                    ?? 0
            }
            let rule = try String.fetchOne(database, sql: "SELECT republish_rule FROM position WHERE id = 1")
            let interval = rule?.split(separator: "/").first.flatMap { Int64($0) }
            // What seems to be due later than after an interval is due, see `RepublishRule`.
            let horizon = interval.map { (now + .nanoseconds($0)).nanoseconds } ?? .max
            let next = try Int64.fetchOne(
                database, sql: "SELECT min(republish_due) FROM entries WHERE republish_due > ? AND republish_due <= ?",
                arguments: [now.nanoseconds, horizon])
            return DueSummary(
                due: try keys("republish_due <= ? OR republish_due > ?", [now.nanoseconds, horizon]),
                kept: try keys("republish_due IS NOT NULL", []),
                next: next.map { Instant(nanoseconds: $0) }, interval: interval.map { .nanoseconds($0) }, pins: 0)
        }
    }
}
