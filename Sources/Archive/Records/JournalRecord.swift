internal import IPv8

/// One numbered change. Key: the number, 8 bytes.
///
///     kind 1 | at 8 | checksum of the change before 8 | key of the entry 41
struct JournalRecord {
    var kind: Kind
    var at: Instant
    var previousChecksum: UInt64
    var entryKey: EntryKey

    /// What a change is about. It says which record changed; what it says now is in the table.
    enum Kind: UInt8 {
        /// The entry was stored, replaced or refreshed.
        case entryChanged = 1
        /// The entry was taken out.
        case entryRemoved = 2
    }

    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .journal),
            body.count == 17 + EntryKey.byteCount, let kind = Kind(rawValue: body[0]),
            let entryKey = EntryKey(UnsafeRawBufferPointer(rebasing: body[17...]))
        else { return nil }
        self.kind = kind
        at = body.instant(at: 1)
        previousChecksum = body.bigEndian(UInt64.self, at: 9)
        self.entryKey = entryKey
    }
}

/// A place in the journal: a change's number, and the checksum of its record, which covers the one before it.
struct JournalPlace: Hashable {
    var number: UInt64
    var checksum: UInt64

    /// Before the first change.
    static let start = JournalPlace(number: 0, checksum: 0)
}

extension RecordEncoder {
    /// Writes a change to the journal.
    mutating func encodeChange(
        _ number: UInt64, _ kind: JournalRecord.Kind, _ key: EntryKey, at now: Instant, previousChecksum: UInt64
    ) {
        begin(.journal)
        append(number)
        endKey()
        append(kind.rawValue)
        append(now)
        append(previousChecksum)
        append(key)
    }
}
