internal import Foundation
internal import GRDB
package import IPv8

/// A signer of values in an archive.
package struct Publisher: Hashable, Sendable {
    package var mid: Mid
    /// The public key; `nil` if none of the values can be read.
    package var publicKey: PublicKey?
    /// The level of the key.
    package var level: String
    /// How many values there are.
    package var values: Int
    /// How many bytes the serialized values have.
    package var bytes: Int
    /// When the first of those values that are held came.
    package var firstSeen: Instant
    package var lastStored: Instant
    /// Whether the operator has pinned the signer.
    package var isPinned: Bool
    /// Whether the operator takes no values of the signer any more.
    package var isBlocked: Bool
}

/// What a listing of publishers is ordered by.
package enum PublisherOrder: String, CaseIterable, Sendable {
    /// How many values there are, most first.
    case values
    case mid
    /// When the first value came.
    case firstSeen = "first-seen"
    /// When one was last stored, latest first.
    case lastStored = "last-stored"

    fileprivate var columns: String {
        switch self {
        case .values: "number DESC, signer"
        case .mid: "signer"
        case .firstSeen: "min(first_seen), signer"
        case .lastStored: "max(last_stored) DESC, signer"
        }
    }
}

/// Walks over the signers of an archive's values in an order that the index gives them.
package struct PublisherWalk {
    private let reader: ArchiveReader
    private let index: ReadOnlyIndex
    private var place: Int64 = 0
    /// Whether there is nothing more to come.
    package private(set) var isAtEnd = false

    private static let rowsPerPart = 256

    /// Puts them in order.
    ///
    /// - Parameters:
    ///   - isReversed: whether the last one comes first.
    ///   - limit: how many are wanted at most.
    package init(
        _ reader: ArchiveReader, by order: PublisherOrder, isReversed: Bool, limit: Int?
    ) throws(ArchiveError) {
        guard let index = reader.index else { throw .index(detail: reader.indexFailure ?? "there is none") }
        self.reader = reader
        self.index = index
        let limitText = limit.map { " LIMIT \($0)" } ?? ""
        let columns = isReversed ? PublisherWalk.reversed(order.columns) : order.columns
        try index.order(
            """
            SELECT NULL, NULL, signer, count(*) AS number FROM entries WHERE signer IS NOT NULL GROUP BY signer
            ORDER BY \(columns)\(limitText)
            """, [])
    }

    private static func reversed(_ columns: String) -> String {
        columns.split(separator: ", ").map { column in
            column.hasSuffix(" DESC") ? String(column.dropLast(5)) : "\(column) DESC"
        }.joined(separator: ", ")
    }

    /// The next ones; there may be none, and more later.
    package mutating func next() throws(ArchiveError) -> [Publisher] {
        guard !isAtEnd else { return [] }
        let rows = try index.ordered(after: place, limit: PublisherWalk.rowsPerPart)
        isAtEnd = rows.count < PublisherWalk.rowsPerPart
        place = rows.last?.place ?? place
        var publishers: [Publisher] = []
        for row in rows {
            guard let mid = row.mid, var publisher = try index.publisher(mid) else { continue }
            try reader.environment.read { (transaction) throws(ArchiveError) in
                publisher.isPinned = try reader.has(.signer(mid), in: .pins, transaction)
                publisher.isBlocked = try reader.has(.signer(mid), in: .blocks, transaction)
                for key in try index.keys(signedBy: mid, limit: 1) {
                    publisher.publicKey = try reader.value(under: key, transaction)?.record?.entry.signature?.signer
                }
            }
            publishers.append(publisher)
        }
        return publishers
    }
}

extension ReadOnlyIndex {
    /// What the archive has of a signer; `nil` if it has nothing.
    fileprivate func publisher(_ mid: Mid) throws(ArchiveError) -> Publisher? {
        try read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), sum(byte_count), min(first_seen), max(last_stored), max(verified_algorithm)
                    FROM entries WHERE signer = ?
                    """, arguments: [mid.blob])
            guard let row, let bytes: Int = try row.soundIfPresent(1), let first: Int64 = try row.soundIfPresent(2),
                let last: Int64 = try row.soundIfPresent(3)
            else { return nil }
            return Publisher(
                mid: mid, publicKey: nil, level: try row.soundIfPresent(4) ?? "unknown", values: try row.sound(0),
                bytes: bytes,
                firstSeen: Instant(nanoseconds: first), lastStored: Instant(nanoseconds: last), isPinned: false,
                isBlocked: false)
        }
    }

    /// Keys of a signer's values.
    fileprivate func keys(signedBy mid: Mid, limit: Int) throws(ArchiveError) -> [EntryKey] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT target, class FROM entries WHERE signer = ? LIMIT ?",
                arguments: [mid.blob, limit]
            ).compactMap { row in
                OrderedRow(
                    place: 0, target: try row.sound(0), entryClass: try row.sound(1), identity: mid.blob, number: nil
                ).entryKey
            }
        }
    }
}

extension ArchiveReader {
    /// Whether a subject is pinned, or blocked.
    func has(
        _ subject: ArchiveSubject, in table: Table, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Bool {
        guard environment.has(table) else { return false }
        return try transaction.has(table, subject.keyBytes)
    }
}
