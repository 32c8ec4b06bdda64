package import IPv8

/// Walks over what an archive keeps, in the order of a dump, a batch at a time with a snapshot of its own: for an archive
/// that nobody writes to meanwhile.
///
/// Damaged records are left out and told.
package struct ItemWalk {
    private let reader: ArchiveReader
    private let header: DumpHeader
    /// What changed since the header's moment, according to the journal; `nil` if everything is wanted.
    private let changes: RecentChanges?
    private var kinds: ArraySlice<DumpItem.Kind>
    /// The last key that was looked at.
    private var after: [UInt8]?
    /// The records that were left out, because their checksums are wrong.
    package private(set) var damaged: [DamagedRecord] = []
    /// How many were left out, those beyond the first thousand with them.
    package private(set) var damagedCount = 0
    /// How many records there are to be looked at, at most.
    package let recordCount: Int

    private static let batchRecords = 2048
    private static let damagedMax = 1000

    /// Begins a walk.
    ///
    /// - Parameters:
    ///   - header: which part of the archive is wanted.
    ///   - kinds: what kinds of items, in their order.
    package init(
        _ reader: ArchiveReader, _ header: DumpHeader, kinds: [DumpItem.Kind] = DumpItem.Kind.allCases
    ) throws(ArchiveError) {
        self.kinds = kinds[...]
        self.reader = reader
        self.header = header
        changes = try header.since.map { (moment) throws(ArchiveError) in
            try reader.environment.read { (transaction) throws(ArchiveError) in
                try RecentChanges(since: moment, transaction)
            }
        }
        recordCount = try reader.environment.read { (transaction) throws(ArchiveError) in
            var count = 0
            for table in DumpItem.Kind.allCases.flatMap(\.tables) where reader.environment.has(table) {
                count += try transaction.recordCount(table)
            }
            return count
        }
    }

    /// The next items; `nil` at the end. A batch may be empty.
    package mutating func next() throws(ArchiveError) -> [DumpItem]? {
        guard let kind = kinds.first else { return nil }
        let tables = kind.tables.filter { reader.environment.has($0) }
        var batch = Batch(kind: kind, prefix: targetOffset(kind) == 0 ? header.prefix : "")
        let items = try reader.environment.read { (transaction) throws(ArchiveError) in
            if let first = tables.first {
                try batch.fill(first, tables.dropFirst().first, after: after, transaction, limit: ItemWalk.batchRecords)
            }
            var items: [DumpItem] = []
            for item in batch.items where try isWanted(item, transaction) { items.append(item) }
            return items
        }
        damagedCount += batch.damaged.count
        for record in batch.damaged where damaged.count < ItemWalk.damagedMax { damaged.append(record) }
        after = batch.last
        if batch.isAtEnd {
            after = nil
            kinds.removeFirst()
        }
        return items
    }

    /// Where the key of the DHT begins in a record's key.
    private func targetOffset(_ kind: DumpItem.Kind) -> Int { kind == .pin || kind == .block ? 1 : 0 }

    private func isWanted(_ item: DumpItem, _ transaction: borrowing ReadTransaction) throws(ArchiveError) -> Bool {
        if !header.prefix.isEmpty, !Hex.encode(item.target.bytes).hasPrefix(header.prefix) { return false }
        guard let since = header.since, let content = DumpContent(item) else { return true }
        if content.isNew(since: since) || changes?.contains(item) == true { return true }
        // A publication has the time of the first store, and its value that of the last one.
        guard item.kind == .publication else { return false }
        let value = try lend(item.key) { (key) throws(ArchiveError) in try transaction.item(.value, key) }
        guard let value, case .value(let record, _)? = DumpContent(value) else { return false }
        return record.lastStored >= since
    }

    /// Until when the journal can tell what an import brought, whose records keep their own times; `nil` if it reaches back as
    /// far as was asked.
    package var importsKnownSince: Instant? { changes?.reach }
}

/// Items of one kind, in the order of their keys, from one table or from two at once.
private struct Batch {
    let kind: DumpItem.Kind
    /// The beginning that keys have, in digits.
    let prefix: String
    var items: [DumpItem] = []
    var damaged: [DamagedRecord] = []
    var last: [UInt8]?
    var isAtEnd = true

    init(kind: DumpItem.Kind, prefix: String) {
        self.kind = kind
        self.prefix = prefix
    }

    mutating func fill(
        _ table: Table, _ second: Table?, after: [UInt8]?, _ transaction: borrowing ReadTransaction, limit: Int
    ) throws(ArchiveError) {
        var cursor = try transaction.cursor(table)
        var isThere = try seek(&cursor, after)
        guard let second else {
            while isThere, isWithin(cursor.key) {
                guard items.count + damaged.count < limit else { return isAtEnd = false }
                take(cursor.key, [(table, cursor.value)])
                isThere = try cursor.next()
            }
            return
        }
        var other = try transaction.cursor(second)
        var otherIsThere = try seek(&other, after)
        while true {
            isThere = isThere && isWithin(cursor.key)
            otherIsThere = otherIsThere && isWithin(other.key)
            guard isThere || otherIsThere else { return }
            guard items.count + damaged.count < limit else { return isAtEnd = false }
            let isFirst = isThere && (!otherIsThere || !other.key.lexicographicallyPrecedes(cursor.key))
            let isSecond = otherIsThere && (!isThere || !cursor.key.lexicographicallyPrecedes(other.key))
            // Both have it only where one of the two records is damaged.
            let found = (isFirst ? [(table, cursor.value)] : []) + (isSecond ? [(second, other.value)] : [])
            take(isFirst ? cursor.key : other.key, found)
            if isFirst { isThere = try cursor.next() }
            if isSecond { otherIsThere = try other.next() }
        }
    }

    private func seek(_ cursor: inout Cursor, _ after: [UInt8]?) throws(ArchiveError) -> Bool {
        // Where half a byte is missing, the lowest one comes first.
        let start = after.map { $0 + [0] } ?? Hex.decode(prefix.count.isMultiple(of: 2) ? prefix : prefix + "0") ?? []
        guard !start.isEmpty else { return try cursor.first() }
        return try lend(start) { (key) throws(ArchiveError) in try cursor.seek(key) }
    }

    private func isWithin(_ key: UnsafeRawBufferPointer) -> Bool {
        guard !prefix.isEmpty else { return true }
        return Hex.encode(key.prefix(Bits160.byteCount)).hasPrefix(prefix)
    }

    private mutating func take(_ key: UnsafeRawBufferPointer, _ found: [(Table, UnsafeRawBufferPointer)]) {
        last = Array(key)
        for (table, value) in found {
            if key.count == kind.keyBytes, let body = RecordChecksum.body(of: value, key: key, table: table) {
                let item = DumpItem(kind: kind, key: Array(key), body: Array(body))
                // A dump with it would be refused by every import.
                guard item.fault == nil else { break }
                items.append(item)
                return
            }
        }
        damaged.append(DamagedRecord(table: found.first?.0.name ?? "", key: Array(key)))
    }
}
