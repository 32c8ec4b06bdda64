/// Reads the overlay's big-endian fields one after the other, and never past the end.
struct WireReader {
    private let bytes: [UInt8]
    private(set) var position: Int
    private let end: Int

    /// Reads the bytes of an array from one position up to another.
    init(_ bytes: [UInt8], from start: Int = 0, upTo end: Int? = nil) {
        self.bytes = bytes
        position = start
        self.end = min(end ?? bytes.count, bytes.count)
    }

    /// How many bytes have not been read.
    var remaining: Int { end - position }

    /// The range of the next bytes, which it skips.
    mutating func readRange(count: Int) throws(WireError) -> Range<Int> {
        guard count <= remaining else { throw .cutShort }
        defer { position += count }
        return position..<position + count
    }

    /// The next bytes, copied.
    mutating func readBytes(count: Int) throws(WireError) -> [UInt8] {
        Array(bytes[try readRange(count: count)])
    }

    /// All bytes that are left.
    mutating func readRest() -> [UInt8] {
        defer { position = end }
        return Array(bytes[position..<end])
    }

    mutating func readUInt8() throws(WireError) -> UInt8 {
        bytes[try readRange(count: 1).lowerBound]
    }

    mutating func readUInt16() throws(WireError) -> UInt16 { try readInteger() }
    mutating func readUInt32() throws(WireError) -> UInt32 { try readInteger() }
    mutating func readUInt64() throws(WireError) -> UInt64 { try readInteger() }

    /// Any byte but zero is true.
    mutating func readBool() throws(WireError) -> Bool { try readUInt8() != 0 }

    mutating func readIdentifier<Identifier: Identifier160>() throws(WireError) -> Identifier {
        let range = try readRange(count: Bits160.byteCount)
        guard let identifier = Identifier(bytes: bytes[range]) else { throw .cutShort }
        return identifier
    }

    private mutating func readInteger<Integer: FixedWidthInteger>() throws(WireError) -> Integer {
        let range = try readRange(count: Integer.bitWidth / 8)
        return bytes[range].reduce(0) { $0 << 8 | Integer($1) }
    }
}

/// Writes the overlay's big-endian fields one after the other.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    /// Reserves room for this many bytes.
    init(reserving byteCount: Int) { bytes.reserveCapacity(byteCount) }

    mutating func write(_ integer: some FixedWidthInteger & UnsignedInteger) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func write(_ identifier: some Identifier160) {
        write(identifier.bits.high)
        write(identifier.bits.middle)
        write(identifier.bits.low)
    }

    mutating func write(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }

    /// Writes the length in two bytes, then the bytes themselves.
    mutating func writeSized(_ content: [UInt8]) {
        precondition(content.count <= UInt16.max, "\(content.count) bytes do not fit a 16-bit length")
        write(UInt16(content.count))
        write(raw: content)
    }
}

/// Why a datagram is not a packet of this overlay.
public enum WireError: String, Error, Equatable, CaseIterable {
    /// It begins with the prefix of another overlay, or with no known prefix.
    case foreignPrefix = "foreign_prefix"
    /// It is longer than any packet of the protocol.
    case tooLong = "too_long"
    /// A field goes past the end.
    case cutShort = "cut_short"
    /// There are bytes after the last field.
    case trailingBytes = "trailing_bytes"
    /// The message id is unknown.
    case unknownMessage = "unknown_message"
    /// The message id is no longer in use.
    case deprecatedMessage = "deprecated_message"
    /// An address is of a type that is neither IPv4 nor IPv6.
    case badAddress = "bad_address"
    /// A public key is not the canonical encoding of a key.
    case badKey = "bad_key"
}
