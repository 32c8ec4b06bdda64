internal import IPv8

/// Reads what changed after a change of an archive, in one snapshot: the records that the journal names, and nothing else.
///
/// The items come in the order of a dump, a group of keys at a time, so memory is bounded however many changes there are; only
/// what was forgotten is remembered all at once. Each group needs two walks over the changes, unless there is only one.
struct IncrementWalk {
    private let start: UInt64
    private let groups: [Range<Int>]
    private let forgotten: [DumpItem]
    /// Records that were left out because they are damaged.
    private(set) var damaged: [DamagedRecord] = []

    /// How many changes one group may name.
    private static let groupMax = 1 << 19
    /// Changes are counted by the kind of item and the first byte of the key.
    private static let bucketsPerKind = 256

    /// Counts the changes after a number.
    init(
        after start: UInt64, _ transaction: borrowing ReadTransaction, groupMax: Int = IncrementWalk.groupMax
    ) throws(ArchiveError) {
        self.start = start
        let kinds = DumpItem.Kind.allCases.map(\.rawValue).max() ?? 0
        var counts = [Int](repeating: 0, count: (Int(kinds) + 1) * IncrementWalk.bucketsPerKind)
        var forgotten: Set<DumpItem> = []
        try IncrementWalk.forEachChange(after: start, transaction) { change in
            if change.isForgotten {
                forgotten.insert(DumpItem(forgotten: change.kind.item, hash: Array(change.subject)))
            } else {
                counts[IncrementWalk.bucket(of: change)] += 1
            }
        }
        self.forgotten = forgotten.sorted { $0 < $1 }
        var groups: [Range<Int>] = []
        var (first, sum) = (0, 0)
        for (bucket, count) in counts.enumerated() {
            if sum > 0, sum + count > groupMax {
                groups.append(first..<bucket)
                (first, sum) = (bucket, 0)
            }
            sum += count
        }
        if sum > 0 { groups.append(first..<counts.count) }
        self.groups = groups
    }

    /// Hands out all items.
    mutating func run(
        _ transaction: borrowing ReadTransaction, _ body: (DumpItem) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        for item in forgotten { try body(item) }
        var keys: [NamedRecord]?
        for isGone in [true, false] {
            for group in groups {
                let named = if let keys { keys } else { try records(in: group, transaction) }
                if groups.count == 1 { keys = named }
                for record in named { try hand(record, isGone: isGone, transaction, body) }
            }
        }
    }

    /// A record that changed.
    private struct NamedRecord: Hashable {
        let kind: DumpItem.Kind
        let key: [UInt8]

        static func < (left: NamedRecord, right: NamedRecord) -> Bool {
            left.kind == right.kind
                ? left.key.lexicographicallyPrecedes(right.key) : left.kind.rawValue < right.kind.rawValue
        }
    }

    private mutating func hand(
        _ record: NamedRecord, isGone: Bool, _ transaction: borrowing ReadTransaction,
        _ body: (DumpItem) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        var isThere = false
        for table in record.kind.tables {
            let isInTable = try transaction.has(table, record.key)
            isThere = isThere || isInTable
        }
        guard isThere != isGone else { return }
        guard isThere else { return try body(DumpItem(gone: record.kind, key: record.key)) }
        let item = try lend(record.key) { (key) throws(ArchiveError) in try transaction.item(record.kind, key) }
        guard let item else {
            return damaged.append(DamagedRecord(table: record.kind.tables[0].name, key: record.key))
        }
        try body(item)
    }

    /// The distinct records of a group, in the order of a dump.
    private func records(
        in group: Range<Int>, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> [NamedRecord] {
        var records: Set<NamedRecord> = []
        try IncrementWalk.forEachChange(after: start, transaction) { change in
            guard !change.isForgotten, group.contains(IncrementWalk.bucket(of: change)) else { return }
            records.insert(NamedRecord(kind: change.kind.item, key: Array(change.subject)))
        }
        return records.sorted { $0 < $1 }
    }

    private static func bucket(of change: JournalRecord) -> Int {
        Int(change.kind.item.rawValue) * bucketsPerKind + Int(change.subject.first ?? 0)
    }

    /// Goes over the changes, each of which has to follow the one before it.
    private static func forEachChange(
        after start: UInt64, _ transaction: borrowing ReadTransaction, _ body: (JournalRecord) -> Void
    ) throws(ArchiveError) {
        var place: JournalPlace?
        try transaction.forEach(.journal, prefix: [], after: start.bigEndianBytes) {
            (key, value) throws(ArchiveError) in
            guard key.count == 8, let change = JournalRecord(value, key: key) else {
                throw .damaged(
                    path: transaction.environment.path, detail: "the journal after change \(place?.number ?? start)")
            }
            let number = key.bigEndian(UInt64.self, at: 0)
            if let place, place.number &+ 1 != number || place.checksum != change.previousChecksum {
                throw .damaged(path: transaction.environment.path, detail: "the journal after change \(place.number)")
            }
            place = JournalPlace(number: number, checksum: change.checksum)
            body(change)
            return true
        }
    }
}

extension ArchiveReader {
    /// Hands out what changed after a change of the archive, in the order of a dump, from one state of the archive.
    ///
    /// Throws `tooFarBehind` or `aheadOfArchive` if the journal does not have all changes after that one.
    ///
    /// - Parameters:
    ///   - begin: is told the header first.
    ///   - body: is handed the items.
    /// - Returns: the damaged records that were left out.
    package func increment(
        after number: UInt64, begin: (DumpHeader) throws -> Void, _ body: (DumpItem) throws -> Void
    ) throws -> [DamagedRecord] {
        // LMDB's closures throw errors of the archive only.
        var failure: (any Error)?
        func passing(_ step: () throws -> Void) throws(ArchiveError) {
            do { try step() } catch {
                failure = error
                throw .failed(operation: "exporting", reason: "\(error)")
            }
        }
        do throws(ArchiveError) {
            return try environment.read { (transaction) throws(ArchiveError) in
                let end = try transaction.journalEnd()
                let checksum = try transaction.checksum(of: number)
                let header = DumpHeader(
                    origin: DumpOrigin(archiveID: identity.archiveID, change: end.number, checksum: end.checksum),
                    start: DumpStart(change: number, checksum: checksum))
                try passing { try begin(header) }
                var walk = try IncrementWalk(after: number, transaction)
                try walk.run(transaction) { (item) throws(ArchiveError) in try passing { try body(item) } }
                return walk.damaged
            }
        } catch {
            throw failure ?? error
        }
    }
}

extension ReadTransaction {
    /// The checksum of a change after which everything can be followed.
    fileprivate func checksum(of number: UInt64) throws(ArchiveError) -> UInt64 {
        let (first, end) = (try journalStart(), try journalEnd())
        guard number <= end.number else { throw .aheadOfArchive(after: number, last: end.number) }
        guard first <= number &+ 1 else { throw .tooFarBehind(after: number, firstAvailable: first) }
        if number == end.number { return end.checksum }
        // The change itself may be gone, but the next one carries its checksum.
        let next = try lend((number + 1).bigEndianBytes) { (key) throws(ArchiveError) in
            try get(.journal, key).flatMap { JournalRecord($0, key: key)?.previousChecksum }
        }
        guard let next else { throw .damaged(path: environment.path, detail: "change \(number + 1) of the journal") }
        return next
    }
}
