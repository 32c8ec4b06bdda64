internal import IPv8

/// How every record of the archive is laid out, whatever its table:
///
///     format 1 | body | checksum 8
///
/// The checksum is SipHash-2-4 over `table 1 | key length 2 | key | format 1 | body`, so it covers where the record
/// stands as well as what it says.
enum RecordChecksum {
    static let format: UInt8 = 1
    /// Format and checksum.
    static let overheadBytes = 9
    private static let checksumBytes = 8

    /// The body of a record whose checksum and format are right; `nil` if it is damaged.
    static func body(
        of value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, table: Table
    ) -> UnsafeRawBufferPointer? {
        guard value.count >= overheadBytes, value[0] == format,
            checksum(of: value, key: key, table: table) == stored(in: value)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: value[1..<value.count - checksumBytes])
    }

    /// The checksum that a record carries, right or wrong.
    static func stored(in value: UnsafeRawBufferPointer) -> UInt64 {
        guard value.count >= overheadBytes else { return 0 }
        return value.bigEndian(UInt64.self, at: value.count - checksumBytes)
    }

    /// The checksum that a record ought to carry.
    private static func checksum(
        of value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, table: Table
    ) -> UInt64 {
        let coveredBytes = value.count - checksumBytes
        return withUnsafeTemporaryAllocation(byteCount: 3 + key.count + coveredBytes, alignment: 8) { input in
            input[0] = table.rawValue
            input[1] = UInt8(truncatingIfNeeded: key.count >> 8)
            input[2] = UInt8(truncatingIfNeeded: key.count)
            UnsafeMutableRawBufferPointer(rebasing: input[3...]).copyMemory(from: key)
            UnsafeMutableRawBufferPointer(rebasing: input[(3 + key.count)...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: value[..<coveredBytes]))
            return Digest.checksum64(UnsafeRawBufferPointer(input))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// A big-endian integer at a place that the caller has found to lie within.
    func bigEndian<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer {
        precondition(offset >= 0 && offset + Integer.bitWidth / 8 <= count, "offset \(offset) of \(count) bytes")
        return Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// 20 bytes at a place that the caller has found to lie within.
    func bits160(at offset: Int) -> Bits160 {
        Bits160(
            high: bigEndian(UInt64.self, at: offset), middle: bigEndian(UInt64.self, at: offset + 8),
            low: bigEndian(UInt32.self, at: offset + 16))
    }

    /// An instant at a place that the caller has found to lie within.
    func instant(at offset: Int) -> Instant { Instant(nanoseconds: bigEndian(Int64.self, at: offset)) }
}
