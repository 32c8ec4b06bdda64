internal import IPv8

/// The values of a target that the overlay is served, and how many records it took to read them.
public struct ServedPage: Hashable, Sendable {
    /// Serialized entries, in the order in which they are served.
    public var entries: [[UInt8]] = []
    /// How many records were read, those among them that are not served.
    public var recordsRead = 0

    /// Nothing, and nothing read.
    public init() {}
}

/// Selects some of a target's values.
struct PageRange {
    /// How many to pass over.
    var offset: Int
    /// How many to return at most.
    var limit: Int
    var now: Instant
}

extension ReadTransaction {
    /// A page of a target that has an order; `nil` if it has none, or a damaged one.
    func orderedPage(
        of target: Target, _ range: PageRange, _ damaged: inout [DamagedRecord]
    ) throws(ArchiveError) -> ServedPage? {
        guard try isOrdered(target) else { return nil }
        return try withKey(target.bits) { (prefix) throws(ArchiveError) -> ServedPage? in
            var page = ServedPage()
            var left = range.offset
            var cursor = try cursor(.order)
            var isThere = try cursor.seek(prefix)
            while isThere, page.entries.count < range.limit, cursor.key.starts(with: prefix) {
                guard RecordChecksum.body(of: cursor.value, key: cursor.key, table: .order) != nil else {
                    damaged.append(DamagedRecord(table: Table.order.name, key: Array(cursor.key)))
                    return nil
                }
                // The first record is the number of values.
                if cursor.key.count != prefix.count {
                    guard let place = OrderKey(cursor.key) else { return nil }
                    let isFound = try read(place.entry, &page, passingOver: &left, range.now, &damaged)
                    guard isFound else { return nil }
                }
                isThere = try cursor.next()
            }
            return page
        }
    }

    /// Reads a value that has a place in an order and takes it, passes over it or leaves it out; false if it is missing.
    private func read(
        _ key: EntryKey, _ page: inout ServedPage, passingOver left: inout Int, _ now: Instant,
        _ damaged: inout [DamagedRecord]
    ) throws(ArchiveError) -> Bool {
        page.recordsRead += 1
        return try key.withBytes { (bytes) throws(ArchiveError) -> Bool in
            guard let value = try get(.entries, bytes) else { return false }
            // An expired value is left out, sound or not.
            if let record = EntryRecord(unchecked: value), record.expiresAt <= now { return true }
            guard let record = EntryRecord(value, key: bytes) else {
                damaged.append(DamagedRecord(table: Table.entries.name, key: Array(bytes)))
                return true
            }
            if left > 0 { left -= 1 } else { page.entries.append(Array(record.entry)) }
            return true
        }
    }

    /// A page of a target, from all values that it has.
    func sortedPage(
        of target: Target, _ range: PageRange, _ damaged: inout [DamagedRecord]
    ) throws(ArchiveError) -> ServedPage {
        var page = ServedPage()
        var servable: [Servable] = []
        try forEachEntry(under: target) { (key, value) throws(ArchiveError) in
            page.recordsRead += 1
            guard let record = EntryRecord(value, key: key) else {
                damaged.append(DamagedRecord(table: Table.entries.name, key: Array(key)))
                return
            }
            guard record.expiresAt > range.now else { return }
            servable.append(Servable(record, entryClass: key[Bits160.byteCount], place: servable.count))
        }
        if servable.count > 1 { servable.sort() }
        page.entries = servable.dropFirst(range.offset).prefix(range.limit).map { Array($0.entry) }
        return page
    }
}

/// A value that may be served, and its rank among the others.
private struct Servable: Comparable {
    let entryClass: UInt8
    /// Its version, or the time when it came if it has none: the higher one goes first.
    let rank: Int64
    /// Its place in the order of keys, which decides between equals.
    let place: Int
    /// Its bytes, within the map.
    let entry: UnsafeRawBufferPointer

    init(_ record: EntryRecord, entryClass: UInt8, place: Int) {
        let isSigned = entryClass != EntryClass.unsigned.rawValue
        self.entryClass = entryClass
        rank = isSigned ? Int64(record.version.number) : record.firstSeen.nanoseconds
        self.place = place
        entry = record.entry
    }

    static func == (left: Servable, right: Servable) -> Bool { left.place == right.place }

    static func < (left: Servable, right: Servable) -> Bool {
        if left.entryClass != right.entryClass { return left.entryClass < right.entryClass }
        if left.rank != right.rank { return left.rank > right.rank }
        return left.place < right.place
    }
}
