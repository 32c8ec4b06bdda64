/// Writes the overlay's big-endian fields one after the other.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    /// Makes room for so many bytes at once.
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
