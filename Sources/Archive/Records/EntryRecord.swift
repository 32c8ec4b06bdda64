internal import IPv8

/// An entry as it stands in the archive: the value itself and what is known of it.
///
///     flags 1 | version 4 | first seen 8 | last stored 8 | expires 8 | sender 20 | address 19 | entry 1–170
///
/// Bit 0 of the flags: published here; bit 1: withdrawn by who published it. Address: type 1 (0 none, 4, 6) | host 16,
/// IPv4 in the first four | port 2. Records of the table `retained` have the same body, those of `history` have it
/// behind eight bytes for the time when the version was replaced.
struct EntryRecord {
    var version: Version
    var firstSeen: Instant
    var lastStored: Instant
    var expiresAt: Instant
    var provenance: Provenance
    /// Whether the operator published it and has taken that back.
    var isWithdrawn: Bool
    /// The serialized entry, within the map or within the array that it was made from.
    var entry: UnsafeRawBufferPointer

    private enum Offset {
        static let flags = 0
        static let version = 1
        static let firstSeen = 5
        static let lastStored = 13
        static let expiresAt = 21
        static let sender = 29
        static let address = 49
        static let entry = 68
    }

    fileprivate static let publishedHere: UInt8 = 1
    fileprivate static let withdrawn: UInt8 = 2
    /// A record with any other flag is damaged.
    static let flagsKnown = publishedHere | withdrawn
    /// Where the entry begins within the record: behind the format byte and the fixed part of the body.
    static let entryOffset = 1 + Offset.entry

    /// How long the entry is in a record of this length.
    static func entryBytes(ofRecord recordBytes: Int) -> Int {
        max(0, recordBytes - Offset.entry - RecordChecksum.overheadBytes)
    }

    /// Bytes of key and record of an entry in the tables `entries` and `retained`.
    static func charge(entryBytes: Int) -> Int {
        EntryKey.byteCount + RecordChecksum.overheadBytes + Offset.entry + entryBytes
    }

    /// Whether it is what the operator published and stands by.
    var isPublished: Bool { facts.isPublished }

    /// Whom it is charged to unless it is pinned.
    var source: Source { facts.source }

    /// Reads a record and checks it; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, table: Table = .entries) {
        guard let body = RecordChecksum.body(of: value, key: key, table: table) else { return nil }
        self.init(body: body)
    }

    /// Reads what a record says whether its checksum is right or not: only for the accounts, which have to find a
    /// damaged record's place again.
    init?(unchecked value: UnsafeRawBufferPointer) {
        guard value.count > RecordChecksum.overheadBytes else { return nil }
        self.init(body: UnsafeRawBufferPointer(rebasing: value[1..<value.count - RecordChecksum.overheadBytes + 1]))
    }

    /// Reads a body; `nil` if it is too short.
    init?(body: UnsafeRawBufferPointer) {
        guard body.count > Offset.entry else { return nil }
        version = Version(body.bigEndian(UInt32.self, at: Offset.version))
        firstSeen = body.instant(at: Offset.firstSeen)
        lastStored = body.instant(at: Offset.lastStored)
        expiresAt = body.instant(at: Offset.expiresAt)
        isWithdrawn = body[Offset.flags] & EntryRecord.withdrawn != 0
        if body[Offset.flags] & EntryRecord.publishedHere != 0 {
            provenance = .publishedHere
        } else {
            provenance = .received(
                from: Mid(bits: body.bits160(at: Offset.sender)), at: EntryRecord.address(in: body))
        }
        entry = UnsafeRawBufferPointer(rebasing: body[Offset.entry...])
    }

    /// The fields of a body that could be written in several ways; the body is long enough to be a record's.
    static func fixedFields(
        of body: UnsafeRawBufferPointer
    ) -> (flags: UInt8, sender: UnsafeRawBufferPointer, address: UnsafeRawBufferPointer) {
        (
            body[Offset.flags], UnsafeRawBufferPointer(rebasing: body[Offset.sender..<Offset.address]),
            UnsafeRawBufferPointer(rebasing: body[Offset.address..<Offset.entry])
        )
    }

    private static func address(in body: UnsafeRawBufferPointer) -> Address {
        let port = body.bigEndian(UInt16.self, at: Offset.address + 17)
        switch body[Offset.address] {
        case 4:
            return Address(host: .v4(body.bigEndian(UInt32.self, at: Offset.address + 1)), port: port)
        case 6:
            let high = body.bigEndian(UInt64.self, at: Offset.address + 1)
            let low = body.bigEndian(UInt64.self, at: Offset.address + 9)
            return Address(host: .v6(high, low), port: port)
        default:
            return .none
        }
    }

    /// The version that can be believed in a record whose checksum is wrong: the lower of the two that it holds, the
    /// archive's own and the signed one, or `nil`. A version that is too low lets an old value in until the next
    /// newer one; a version that is too high would shut its signer out.
    static func salvagedVersion(_ value: UnsafeRawBufferPointer) -> Version? {
        let bytes = UnsafeRawBufferPointer(rebasing: value.dropLast(RecordChecksum.overheadBytes - 1))
        guard bytes.count > entryOffset, let entry = try? Entry(bytes: Array(bytes[entryOffset...])),
            let signed = entry.signature?.version
        else { return nil }
        return min(signed, Version(bytes.bigEndian(UInt32.self, at: 1 + Offset.version)))
    }
}

/// What a record of an entry says, apart from its bytes.
struct EntryFacts: Hashable {
    var version: Version
    var firstSeen: Instant
    var lastStored: Instant
    var expiresAt: Instant
    var provenance: Provenance
    var isWithdrawn = false
}

extension EntryRecord {
    /// What it says, apart from its bytes.
    var facts: EntryFacts {
        EntryFacts(
            version: version, firstSeen: firstSeen, lastStored: lastStored, expiresAt: expiresAt,
            provenance: provenance, isWithdrawn: isWithdrawn)
    }
}

extension RecordEncoder {
    /// Writes a whole record of the tables `entries` or `retained`.
    mutating func encode(
        _ key: EntryKey, entry: some Sequence<UInt8>, _ facts: EntryFacts, in table: Table = .entries
    ) {
        begin(table)
        append(key)
        endKey()
        append(facts, entry: entry)
    }

    /// Writes a whole record of the table `history`.
    mutating func encodeHistory(
        _ key: HistoryKey, entry: some Sequence<UInt8>, _ facts: EntryFacts, replacedAt: Instant
    ) {
        begin(.history)
        append(raw: key.bytes)
        endKey()
        append(replacedAt)
        append(facts, entry: entry)
    }

    private mutating func append(_ facts: EntryFacts, entry: some Sequence<UInt8>) {
        let isPublishedHere = facts.provenance == .publishedHere
        append(
            (isPublishedHere ? EntryRecord.publishedHere : 0) | (facts.isWithdrawn ? EntryRecord.withdrawn : 0))
        append(facts.version.number)
        append(facts.firstSeen)
        append(facts.lastStored)
        append(facts.expiresAt)
        append(facts.provenance)
        append(raw: entry)
    }

    private mutating func append(_ provenance: Provenance) {
        switch provenance {
        case .publishedHere:
            append(Bits160.zero)
            append(address: .none)
        case .received(let sender, let address):
            append(sender.bits)
            append(address: address)
        }
    }

    private mutating func append(address: Address) {
        switch address.host {
        case .v4(let host):
            append(UInt8(address == .none ? 0 : 4))
            append(host)
            append(UInt32(0))
            append(UInt64(0))
        case .v6(let high, let low):
            append(UInt8(6))
            append(high)
            append(low)
        }
        append(address.port)
    }
}
