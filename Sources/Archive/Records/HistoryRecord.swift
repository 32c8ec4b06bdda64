internal import IPv8

/// What an earlier version is kept under: `target 20 | signer 20 | number 8`. The numbers of a signer's versions under
/// a target count up, so that they stand in the order in which they came.
struct HistoryKey: Hashable {
    var target: Target
    var signer: Mid
    var number: UInt64

    static let byteCount = 48

    init(target: Target, signer: Mid, number: UInt64) {
        self.target = target
        self.signer = signer
        self.number = number
    }

    /// Reads a key of the table; `nil` if it is not one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == HistoryKey.byteCount else { return nil }
        target = Target(bits: bytes.bits160(at: 0))
        signer = Mid(bits: bytes.bits160(at: 20))
        number = bytes.bigEndian(UInt64.self, at: 40)
    }

    var bytes: [UInt8] { target.bytes + signer.bytes + number.bigEndianBytes }
}

/// An earlier version of a value, within the map: `replaced 8`, then the body of an entry's record.
struct HistoryRecord {
    var replacedAt: Instant
    var record: EntryRecord

    /// Bytes of key and record.
    static func charge(entryBytes: Int) -> Int {
        EntryRecord.charge(entryBytes: entryBytes) - EntryKey.byteCount + HistoryKey.byteCount + 8
    }

    /// Reads a record and checks it; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .history) else { return nil }
        self.init(body: body)
    }

    /// Reads what a record says whether its checksum is right or not: only for the accounts.
    init?(unchecked value: UnsafeRawBufferPointer) {
        guard value.count > RecordChecksum.overheadBytes else { return nil }
        self.init(body: UnsafeRawBufferPointer(rebasing: value[1..<value.count - RecordChecksum.overheadBytes + 1]))
    }

    /// Reads a body; `nil` if it is too short.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count > 8, let record = EntryRecord(body: UnsafeRawBufferPointer(rebasing: body[8...])) else {
            return nil
        }
        replacedAt = body.instant(at: 0)
        self.record = record
    }
}
