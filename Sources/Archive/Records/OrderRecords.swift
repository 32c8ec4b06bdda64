internal import IPv8

/// The serving order of targets that have many values, so that a page of them is read without reading all of them:
///
///     target 20                                   → values 4
///     target 20 | class 1 | 2^64 − 1 − rank 8 | id 20   → nothing
///
/// The rank is the version of a signed value, and when an unsigned one was first seen, with the sign bit flipped.
struct OrderKey: Hashable {
    let entry: EntryKey
    let rank: Int64

    static let byteCount = EntryKey.byteCount + 8
    private static let rankOffset = 21
    private static let idOffset = 29
    private static let signBit = UInt64(1) << 63

    init(_ entry: EntryKey, version: Version, firstSeen: Instant) {
        self.entry = entry
        rank = entry.entryClass == .unsigned ? firstSeen.nanoseconds : Int64(version.number)
    }

    /// Reads a key of a value; `nil` if it is not one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == OrderKey.byteCount, let entryClass = EntryClass(rawValue: bytes[Bits160.byteCount]) else {
            return nil
        }
        entry = EntryKey(
            target: Target(bits: bytes.bits160(at: 0)), entryClass: entryClass,
            id: EntryID(bits: bytes.bits160(at: OrderKey.idOffset)))
        rank = Int64(
            bitPattern: ~bytes.bigEndian(UInt64.self, at: OrderKey.rankOffset) ^ OrderKey.signBit)
    }

    var bytes: [UInt8] {
        let complement = ~(UInt64(bitPattern: rank) ^ OrderKey.signBit)
        return entry.target.bytes + [entry.entryClass.rawValue] + complement.bigEndianBytes + entry.id.bytes
    }
}

/// When a target has an order.
enum OrderRule {
    /// A target that comes to more values than this gets an order: three pages.
    static let valuesMax = 24
    /// A target that comes to fewer values than this loses its order. The gap keeps a target at the limit from being
    /// ordered and unordered with every store.
    static let valuesMin = 16
}

extension RecordEncoder {
    /// Writes how many values an ordered target has.
    mutating func encodeOrder(_ target: Target, count: Int) {
        begin(.order)
        append(target.bits)
        endKey()
        append(UInt32(clamping: count))
    }
}

extension ReadTransaction {
    /// How many values an ordered target has; `nil` if the target is not ordered, or its record is damaged.
    func orderedCount(_ target: Target) throws(ArchiveError) -> Int? {
        try withKey(target.bits) { (key) throws(ArchiveError) -> Int? in
            guard let value = try get(.order, key),
                let body = RecordChecksum.body(of: value, key: key, table: .order), body.count == 4
            else { return nil }
            return Int(body.bigEndian(UInt32.self, at: 0))
        }
    }

    /// Whether a target has an order, damaged or not.
    func isOrdered(_ target: Target) throws(ArchiveError) -> Bool {
        try withKey(target.bits) { (key) throws(ArchiveError) in try get(.order, key) != nil }
    }

    /// How many values stand under a target; no further than to a limit.
    func entryCount(_ target: Target, max: Int) throws(ArchiveError) -> Int {
        try withKey(target.bits) { (prefix) throws(ArchiveError) in
            var count = 0
            try walk(.entries, from: prefix, prefix: prefix) { (_, _) throws(ArchiveError) in
                count += 1
                return count < max
            }
            return count
        }
    }
}
