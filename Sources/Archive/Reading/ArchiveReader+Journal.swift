package import IPv8

/// A change that the journal has.
package struct KnownChange: Hashable, Sendable {
    package var number: UInt64
    /// When it was made.
    package var at: Instant
    /// Whether the value was removed; otherwise it was stored, replaced, refreshed, retained or withdrawn.
    package var isRemoval: Bool
    /// The value's class.
    package var entryClass: EntryClass
    /// The value's id.
    package var id: EntryID
}

/// How many changes there were lately.
package struct ArchiveGrowth: Hashable, Sendable {
    /// The length of the period, up to now.
    package var period: Duration
    /// How many changes were made since; `nil` if the journal does not reach back that far.
    package var changes: Int?
}

extension ArchiveReader {
    /// The journal's changes of a key, oldest first. Reads the whole journal.
    ///
    /// - Parameter progress: called with the number of changes read and of all changes.
    package func changes(
        of target: Target, progress: (Int, Int) -> Void
    ) throws(ArchiveError) -> [KnownChange] {
        var changes: [KnownChange] = []
        var after: [UInt8]?
        var (read, total) = (0, 0)
        repeat {
            let start = after
            after = try environment.read { (transaction) throws(ArchiveError) in
                total = try transaction.recordCount(.journal)
                var last: [UInt8]?
                var count = 0
                try transaction.forEach(.journal, prefix: [], from: start.map { $0 + [0] }) {
                    (key, value) throws(ArchiveError) in
                    count += 1
                    if let change = KnownChange(of: target, value, key: key) { changes.append(change) }
                    if count == ArchiveReader.changesPerSnapshot { last = Array(key) }
                    return last == nil
                }
                read += count
                return last
            }
            progress(read, max(read, total))
        } while after != nil
        return changes
    }

    private static let changesPerSnapshot = 65_536

    /// How many changes were made in each of some periods up to now. The journal is in the order of time, so a binary search
    /// finds them; after a step of the clock the answer is approximate.
    package func growth(over periods: [Duration], at now: Instant) throws(ArchiveError) -> [ArchiveGrowth] {
        let ends = try journal()
        return try environment.read { (transaction) throws(ArchiveError) in
            var growth: [ArchiveGrowth] = []
            for period in periods {
                let changes =
                    ends.last == 0
                    ? 0 : try ArchiveReader.changes(since: now - period, in: ends.first...ends.last, transaction)
                growth.append(ArchiveGrowth(period: period, changes: changes))
            }
            return growth
        }
    }

    /// How many of the journal's changes are not older than a moment; `nil` if that may be more than it has.
    private static func changes(
        since moment: Instant, in numbers: ClosedRange<UInt64>, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Int? {
        // The first number that is not older is sought between these two.
        var (low, high) = (numbers.lowerBound, numbers.upperBound + 1)
        while low < high {
            let middle = low + (high - low) / 2
            guard let at = try time(of: middle, transaction) else { return nil }
            if at < moment { low = middle + 1 } else { high = middle }
        }
        if low == numbers.lowerBound, low > 1 { return nil }
        return Int(clamping: numbers.upperBound + 1 - low)
    }

    private static func time(
        of number: UInt64, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> Instant? {
        try lend(number.bigEndianBytes) { (key) throws(ArchiveError) in
            try transaction.get(.journal, key).flatMap { JournalRecord($0, key: key)?.at }
        }
    }
}

extension KnownChange {
    /// Where a change's target stands: behind format, kind, time and checksum.
    private static let targetOffset = 18

    /// Reads a change; `nil` if it is about another key, or damaged.
    fileprivate init?(of target: Target, _ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        // Few of them are about the key, and a look at it costs less than the checksum.
        guard value.count > KnownChange.targetOffset + Bits160.byteCount, key.count == 8,
            value.bits160(at: KnownChange.targetOffset) == target.bits, let record = JournalRecord(value, key: key),
            let entryKey = record.entryKey
        else { return nil }
        number = key.bigEndian(UInt64.self, at: 0)
        at = record.at
        isRemoval = record.kind.removesValue
        entryClass = entryKey.entryClass
        id = entryKey.id
    }
}

extension JournalRecord.Kind {
    /// Whether it says that a value was removed.
    fileprivate var removesValue: Bool {
        switch self {
        case .valueRemoved, .valueEvicted, .valueForgotten: true
        default: false
        }
    }
}
