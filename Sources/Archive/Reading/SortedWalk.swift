internal import GRDB
package import IPv8

/// What a listing of values is ordered by.
package enum ValueOrder: String, CaseIterable, Sendable {
    /// The key, then the class: the order in which they are stored.
    case key
    /// When this version came here first.
    case firstSeen = "first-seen"
    case lastStored = "last-stored"
    /// Until when it is served.
    case expires
    /// How many bytes it has.
    case size
    case version

    /// The columns of the index that it is ordered by.
    fileprivate func columns(descending: Bool) -> String {
        let direction = descending ? " DESC" : ""
        let keys = ["target", "class", "identity"].map { $0 + (self == .key ? direction : "") }.joined(separator: ", ")
        switch self {
        case .key: return keys
        case .firstSeen: return "first_seen\(direction), \(keys)"
        case .lastStored: return "last_stored\(direction), \(keys)"
        case .expires: return "expires_at\(direction), \(keys)"
        case .size: return "byte_count\(direction), \(keys)"
        case .version: return "version\(direction), \(keys)"
        }
    }
}

/// Walks over the values of an archive in an order that the index gives them. The values themselves are read from the archive;
/// those that are gone meanwhile are left out.
package struct SortedWalk {
    private let reader: ArchiveReader
    private let index: ReadOnlyIndex
    private let filter: ValueFilter
    private let now: Instant
    private var place: Int64 = 0
    /// How many damaged records were come upon, whether the filter let them through or not. On an archive that nobody
    /// writes to, those that the index has and the archive has not are among them.
    package private(set) var damagedCount = 0
    /// Whether there is nothing more to come.
    package private(set) var isAtEnd = false

    private static let rowsPerPart = 1024

    /// Puts them in order, which takes as long as reading the index from end to end at most.
    ///
    /// - Parameter limit: how many are wanted at most; that makes it faster.
    package init(
        _ reader: ArchiveReader, _ filter: ValueFilter, by order: ValueOrder, descending: Bool, limit: Int?,
        at now: Instant
    ) throws(ArchiveError) {
        guard let index = reader.index else { throw .index(detail: reader.indexFailure ?? "there is none") }
        self.reader = reader
        self.index = index
        self.filter = filter
        self.now = now
        let (conditions, arguments) = filter.conditions(at: now)
        let limitText = limit.map { " LIMIT \($0)" } ?? ""
        try index.order(
            """
            SELECT target, class, identity, NULL FROM entries WHERE \(conditions)
            ORDER BY \(order.columns(descending: descending))\(limitText)
            """, arguments)
    }

    /// The next values; there may be none, and more later.
    package mutating func next() throws(ArchiveError) -> [ArchivedValue] {
        guard !isAtEnd else { return [] }
        let rows = try index.ordered(after: place, limit: SortedWalk.rowsPerPart)
        isAtEnd = rows.count < SortedWalk.rowsPerPart
        place = rows.last?.place ?? place
        let isIndexCurrent = try reader.indexState() == .current && !reader.isInUse
        let (found, damaged) = try reader.environment.read { (transaction) throws(ArchiveError) in
            var values: [ArchivedValue] = []
            var damaged = 0
            for row in rows {
                guard let key = row.entryKey, let value = try reader.value(under: key, transaction) else {
                    if isIndexCurrent { damaged += 1 }
                    continue
                }
                if value.record == nil { damaged += 1 }
                if filter.admits(value.record, at: now) { values.append(value) }
            }
            return (values, damaged)
        }
        damagedCount += damaged
        return found
    }
}

extension ValueFilter {
    /// What the index is asked, in SQL.
    fileprivate func conditions(at now: Instant) -> (String, [(any DatabaseValueConvertible)?]) {
        var conditions: [String] = []
        var arguments: [(any DatabaseValueConvertible)?] = []
        func add(_ condition: String, _ values: (any DatabaseValueConvertible)...) {
            conditions.append(condition)
            arguments += values
        }
        if keys != ValueFilter.allKeys { add("target BETWEEN ? AND ?", keys.lowerBound.blob, keys.upperBound.blob) }
        if let signer { add("signer = ?", signer.blob) }
        if classes.count < EntryClass.allCases.count {
            let numbers = classes.map { "\($0.rawValue)" }.sorted().joined(separator: ", ")
            add("class IN (\(numbers))")
        }
        if let isExpired { add("retained IN (0, 1) AND expires_at \(isExpired ? "<=" : ">") ?", now.nanoseconds) }
        if let since { add("first_seen >= ?", since.nanoseconds) }
        if let until { add("first_seen < ?", until.nanoseconds) }
        if let byteCounts { add("byte_count BETWEEN ? AND ?", byteCounts.lowerBound, byteCounts.upperBound) }
        return (conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND "), arguments)
    }
}
