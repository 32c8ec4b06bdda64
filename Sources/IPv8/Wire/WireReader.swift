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

    /// Where the next bytes lie, which it steps over.
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
