public import IPv8

/// A node's position in the key space: 24 bits that follow from its IP address, then the first 136 bits of its mid.
///
/// A node's id changes with its address, and a node has one id for each address family.
public struct NodeID: Identifier160, TextCodable {
    public let bits: Bits160
    public init(bits: Bits160) { self.bits = bits }

    /// The id of a peer at an address.
    ///
    /// The first three bytes come from the CRC-32 of the masked address, so that the owner of one network cannot place
    /// nodes at will.
    public init(host: IPAddress, mid: Mid) {
        let checksum =
            switch host {
            case .v4(let address): Digest.crc32(UInt64(address & NodeID.maskV4), byteCount: 4)
            case .v6(let high, _): Digest.crc32(high & NodeID.maskV6, byteCount: 8)
            }
        // 24 bits of checksum, then the mid moved right by 24 bits.
        bits = Bits160(
            high: UInt64(checksum >> 8) << 40 | mid.bits.high >> 24,
            middle: mid.bits.high << 40 | mid.bits.middle >> 24,
            low: UInt32(truncatingIfNeeded: mid.bits.middle << 8) | mid.bits.low >> 24)
    }

    private static let maskV4: UInt32 = 0x030F_3FFF
    private static let maskV6: UInt64 = 0x0103_070F_1F3F_7FFF
}

/// The distance between two places in the key space: their XOR, read as a number.
public struct Distance: Hashable, Comparable, Sendable {
    public let bits: Bits160

    /// The distance between two identifiers of any kind.
    public init(_ left: some Identifier160, _ right: some Identifier160) { bits = left.bits ^ right.bits }

    /// Orders by nearness.
    public static func < (left: Distance, right: Distance) -> Bool { left.bits < right.bits }
}
