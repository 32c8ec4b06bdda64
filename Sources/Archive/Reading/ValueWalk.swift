package import IPv8

/// Walks over the values of an archive in the order of their keys.
///
/// Each part is read in a snapshot of its own. That keeps memory flat, and a running node can reuse its pages however slowly
/// the listing is read. A filter for an earlier moment uses the history: if a value came later than that, the version that it
/// replaced counts.
package struct ValueWalk {
    private let reader: ArchiveReader
    private let filter: ValueFilter
    private let now: Instant
    private var places: Places
    /// How many records have been looked at.
    package private(set) var examined = 0
    /// How many of them are damaged, whether the filter let them through or not.
    package private(set) var damagedCount = 0
    /// Whether there is nothing more to come.
    package private(set) var isAtEnd = false
    /// Where it stands, for a walk that is to go on there.
    package var place: [UInt8] { places.bytes }

    /// How many records one snapshot looks at.
    private static let recordsPerSnapshot = 4096

    /// Where the walk goes on in each table; `nil` behind its last key.
    private struct Places {
        var entries, retained, history: [UInt8]?

        init(entries: [UInt8]?, retained: [UInt8]?, history: [UInt8]?) {
            (self.entries, self.retained, self.history) = (entries, retained, history)
        }

        /// Reads what ``bytes`` writes; what is missing stands behind the last key.
        init(_ bytes: [UInt8]) {
            var rest = bytes[...]
            func take() -> [UInt8]? {
                guard let count = rest.popFirst(), count > 0, rest.count >= count else { return nil }
                defer { rest = rest.dropFirst(Int(count)) }
                return Array(rest.prefix(Int(count)))
            }
            entries = take()
            retained = take()
            history = take()
        }

        /// Each place after the number of its bytes, which is 0 behind the last key.
        var bytes: [UInt8] {
            [entries, retained, history].flatMap { place in [UInt8(clamping: place?.count ?? 0)] + (place ?? []) }
        }
    }

    /// Begins a walk.
    ///
    /// - Parameters:
    ///   - now: by what has expired is told from what has not, unless the filter names a moment.
    ///   - place: where an earlier walk with the same filter stopped, its ``place``; `nil` to begin with the first key.
    package init(_ reader: ArchiveReader, _ filter: ValueFilter, at now: Instant, from place: [UInt8]? = nil) {
        self.reader = reader
        self.filter = filter
        self.now = now
        let start = filter.keys.lowerBound.bytes
        places =
            place.map { Places($0) }
            ?? Places(entries: start, retained: start, history: filter.asOf == nil ? nil : start)
    }

    /// The next values that the filter lets through, of a bounded number of records: there may be none, and more later.
    ///
    /// - Parameter limit: how many to return at most.
    package mutating func next(atMost limit: Int) throws(ArchiveError) -> [ArchivedValue] {
        guard !isAtEnd else { return [] }
        let found = try reader.environment.read { (transaction) throws(ArchiveError) in
            try part(atMost: limit, transaction)
        }
        places = found.places
        examined += found.examined
        damagedCount += found.damaged + found.skipped
        isAtEnd = places.entries == nil && places.retained == nil && places.history == nil
        return found.values
    }

    private struct Part {
        var values: [ArchivedValue] = []
        var examined = 0
        var damaged = 0
        /// Records whose keys cannot be read.
        var skipped = 0
        var places: Places
    }

    private func part(
        atMost limit: Int, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Part {
        var entries = try cursor(.entries, from: places.entries, transaction)
        var retained = try cursor(.retained, from: places.retained, transaction)
        var history = try cursor(.history, from: places.history, transaction)
        var part = Part(places: places)
        while part.values.count < limit, part.examined < ValueWalk.recordsPerSnapshot {
            let (served, kept) = (try entries.entryKey(), try retained.entryKey())
            let past = try history.historyKey()
            let nearest = [served, kept].compactMap { $0 }.min()
            part.examined += 1
            if let past, past.target < nearest?.target ?? past.target || nearest == nil {
                if let value = try orphan(past, transaction) { part.values.append(value) }
                try history.skip(past)
            } else if let key = nearest, key == served {
                let value = try value(key, entries, in: .entries, &part.damaged, transaction)
                if let value { part.values.append(value) }
                try entries.advance()
            } else if let key = nearest {
                let value = try value(key, retained, in: .retained, &part.damaged, transaction)
                if let value { part.values.append(value) }
                try retained.advance()
            } else {
                break
            }
        }
        part.skipped = entries.skipped + retained.skipped + history.skipped
        part.places = Places(entries: entries.place, retained: retained.place, history: history.place)
        return part
    }

    private func cursor(
        _ table: Table, from start: [UInt8]?, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> RangeCursor {
        try RangeCursor(
            reader.environment.has(table) ? table : nil, from: start, upTo: filter.keys.upperBound, transaction)
    }

    /// The value where a cursor stands, or what was there in its place at the moment that is asked about.
    private func value(
        _ key: EntryKey, _ cursor: borrowing RangeCursor, in table: Table, _ damaged: inout Int,
        _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> ArchivedValue? {
        guard filter.admits(key) else { return nil }
        let record = ArchivedRecord(cursor.value, key: cursor.key, table: table)
        if record == nil { damaged += 1 }
        if let asOf = filter.asOf, let record, record.firstSeen > asOf {
            return try reader.version(of: key, at: asOf, transaction).flatMap { admitted($0) }
        }
        return admitted(ArchivedValue(key, record, isRetained: table == .retained))
    }

    /// What was there of a signer's value that is gone, and whose earlier versions are not.
    private func orphan(
        _ past: HistoryKey, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> ArchivedValue? {
        let key = EntryKey(target: past.target, signedBy: past.signer)
        guard let asOf = filter.asOf, filter.admits(key) else { return nil }
        for table in [Table.entries, .retained] where reader.environment.has(table) {
            if try transaction.has(table, key.bytes) { return nil }
        }
        return try reader.version(of: key, at: asOf, transaction).flatMap { admitted($0) }
    }

    private func admitted(_ value: ArchivedValue) -> ArchivedValue? {
        filter.admits(value.record, at: filter.asOf ?? now) ? value : nil
    }
}

/// A cursor over the keys of a table up to a target. It may be behind the last key.
private struct RangeCursor: ~Copyable {
    private var cursor: Cursor
    private let last: Target
    private var isThere: Bool
    /// Records that were passed over, because their keys cannot be read.
    private(set) var skipped = 0

    /// - Parameters:
    ///   - table: `nil` if there is none, as if it were empty.
    ///   - start: where to begin; `nil` behind the last key.
    init(
        _ table: Table?, from start: [UInt8]?, upTo last: Target, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) {
        var cursor = try transaction.cursor(table ?? .meta)
        var isThere = false
        if table != nil, let start { isThere = try lend(start) { (key) throws(ArchiveError) in try cursor.seek(key) } }
        self.cursor = cursor
        self.last = last
        self.isThere = isThere
    }

    var key: UnsafeRawBufferPointer { cursor.key }
    var value: UnsafeRawBufferPointer { cursor.value }
    /// The key to go on from.
    var place: [UInt8]? { isThere ? Array(cursor.key) : nil }

    mutating func advance() throws(ArchiveError) { isThere = try cursor.next() }

    /// The key where it stands, or the next one that can be read; `nil` behind the last one.
    mutating func entryKey() throws(ArchiveError) -> EntryKey? {
        while isThere {
            if let key = EntryKey(cursor.key) {
                if key.target <= last { return key }
                isThere = false
            } else {
                skipped += 1
                try advance()
            }
        }
        return nil
    }

    /// The same in the table of earlier versions.
    mutating func historyKey() throws(ArchiveError) -> HistoryKey? {
        while isThere {
            if let key = HistoryKey(cursor.key) {
                if key.target <= last { return key }
                isThere = false
            } else {
                skipped += 1
                try advance()
            }
        }
        return nil
    }

    /// Goes behind all versions of a signer under a target.
    mutating func skip(_ past: HistoryKey) throws(ArchiveError) {
        let last = HistoryKey(target: past.target, signer: past.signer, number: .max).bytes + [0]
        isThere = try lend(last) { (key) throws(ArchiveError) in try cursor.seek(key) }
    }
}
