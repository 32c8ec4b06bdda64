internal import IPv8

/// The classes of values under a target, in the order in which they are served.
public enum EntryClass: UInt8, CaseIterable, Sendable {
    /// Signed by the one whose mid is the target.
    case owner = 1
    /// Signed by anybody else.
    case signed = 2
    /// Not signed.
    case unsigned = 3
}

/// What an entry is kept under: `target 20 | class 1 | id 20`, so that all of a target stand together and its owner's
/// come first.
struct EntryKey: Hashable {
    let target: Target
    let entryClass: EntryClass
    let id: EntryID

    static let byteCount = 41
    private static let classOffset = 20
    private static let idOffset = 21

    init(target: Target, entryClass: EntryClass, id: EntryID) {
        self.target = target
        self.entryClass = entryClass
        self.id = id
    }

    init(target: Target, entry: Entry) {
        self.target = target
        id = entry.id
        if let signer = entry.signature?.signer {
            entryClass = signer.mid.bits == target.bits ? .owner : .signed
        } else {
            entryClass = .unsigned
        }
    }

    /// Reads a key of the table; `nil` if it is not one.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == EntryKey.byteCount, let entryClass = EntryClass(rawValue: bytes[EntryKey.classOffset])
        else { return nil }
        target = Target(bits: bytes.bits160(at: 0))
        self.entryClass = entryClass
        id = EntryID(bits: bytes.bits160(at: EntryKey.idOffset))
    }

    /// Reads a key of the table; `nil` if it is not one.
    init?(bytes: [UInt8]) {
        guard let key = bytes.withUnsafeBytes({ EntryKey($0) }) else { return nil }
        self = key
    }

    /// Whose version it counts; only for signed classes.
    var signer: Mid { Mid(bits: id.bits) }

    var bytes: [UInt8] { target.bytes + [entryClass.rawValue] + id.bytes }

    /// Lends the key's bytes.
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        try withUnsafeTemporaryAllocation(byteCount: EntryKey.byteCount, alignment: 1) {
            (buffer) throws(ArchiveError) -> Result in
            buffer.store(target.bits, at: 0)
            buffer[EntryKey.classOffset] = entryClass.rawValue
            buffer.store(id.bits, at: EntryKey.idOffset)
            return try body(UnsafeRawBufferPointer(buffer))
        }
    }
}

extension RecordEncoder {
    /// Writes an entry's key.
    mutating func append(_ key: EntryKey) {
        append(key.target.bits)
        append(key.entryClass.rawValue)
        append(key.id.bits)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Writes 20 bytes at a place that lies within.
    func store(_ bits: Bits160, at offset: Int) {
        storeBytes(of: bits.high.bigEndian, toByteOffset: offset, as: UInt64.self)
        storeBytes(of: bits.middle.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        storeBytes(of: bits.low.bigEndian, toByteOffset: offset + 16, as: UInt32.self)
    }
}

/// Lends the bytes of one or two identifiers, which are the keys of a scan by target and of the floors.
func withKey<Result>(
    _ first: Bits160, _ second: Bits160? = nil,
    _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Result
) throws(ArchiveError) -> Result {
    let byteCount = second == nil ? Bits160.byteCount : 2 * Bits160.byteCount
    return try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 1) {
        (buffer) throws(ArchiveError) -> Result in
        buffer.store(first, at: 0)
        if let second { buffer.store(second, at: Bits160.byteCount) }
        return try body(UnsafeRawBufferPointer(buffer))
    }
}
