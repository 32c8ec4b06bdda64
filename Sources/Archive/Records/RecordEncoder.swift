internal import IPv8

/// Writes keys and records, one after the other into the same buffer, so that none costs an allocation.
///
/// The buffer holds what the checksum covers, in its order, and then the checksum; so key and record are slices of it.
struct RecordEncoder {
    private var bytes: [UInt8] = []
    private var keyEnd = 0

    private static let keyStart = 3

    init() { bytes.reserveCapacity(512) }

    /// Begins a record: what follows, up to `endKey`, is its key.
    mutating func begin(_ table: Table) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(table.rawValue)
        append(UInt16(0))
    }

    /// Ends the key and begins the body.
    mutating func endKey() {
        keyEnd = bytes.count
        let keyBytes = UInt16(keyEnd - RecordEncoder.keyStart)
        bytes[1] = UInt8(keyBytes >> 8)
        bytes[2] = UInt8(truncatingIfNeeded: keyBytes)
        bytes.append(RecordChecksum.format)
    }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ bits: Bits160) {
        append(bits.high)
        append(bits.middle)
        append(bits.low)
    }

    mutating func append(_ instant: Instant) { append(instant.nanoseconds) }

    mutating func append(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }

    /// Lends key and value of the finished record.
    ///
    /// - Returns: the record's checksum.
    @discardableResult
    mutating func finish(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> UInt64 {
        let checksum = bytes.withUnsafeBytes { Digest.checksum64($0) }
        append(checksum)
        try lend { (all) throws(ArchiveError) in
            try body(
                UnsafeRawBufferPointer(rebasing: all[RecordEncoder.keyStart..<keyEnd]),
                UnsafeRawBufferPointer(rebasing: all[keyEnd...]))
        }
        return checksum
    }

    /// `withUnsafeBytes` with the error's type kept.
    private func lend(_ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) throws(ArchiveError) {
        let result = bytes.withUnsafeBytes { all in
            Result { () throws(ArchiveError) in try body(all) }
        }
        try result.get()
    }
}

extension WriteTransaction {
    /// Writes the record that an encoder holds.
    ///
    /// - Returns: the record's checksum.
    @discardableResult
    func put(_ table: Table, _ encoder: inout RecordEncoder, isLast: Bool = false) throws(ArchiveError) -> UInt64 {
        try encoder.finish { (key, value) throws(ArchiveError) in
            try put(table, key, value, isLast: isLast)
        }
    }
}
