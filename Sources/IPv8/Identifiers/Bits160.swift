/// 160 bits, the size of everything that the overlay identifies by SHA-1: keys, peers, nodes and tokens.
///
/// Kept as three integers, most significant first, so that comparing, hashing and XOR cost a few instructions and no
/// allocation.
public struct Bits160: Hashable, Sendable {
    /// Bits 0 to 63, counted from the most significant.
    public var high: UInt64
    /// Bits 64 to 127.
    public var middle: UInt64
    /// Bits 128 to 159.
    public var low: UInt32

    /// The number of bytes that a value takes on the wire.
    public static let byteCount = 20
    /// The number of bits.
    public static let bitCount = 160
    public static let zero = Bits160(high: 0, middle: 0, low: 0)

    /// Combines the three parts, most significant first.
    public init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Reads 20 bytes, most significant first; `nil` unless there are exactly 20.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Bits160.byteCount else { return nil }
        self = .zero
        for (index, byte) in bytes.enumerated() {
            switch index {
            case ..<8: high = high << 8 | UInt64(byte)
            case ..<16: middle = middle << 8 | UInt64(byte)
            default: low = low << 8 | UInt32(byte)
            }
        }
    }

    /// The 20 bytes, most significant first.
    public var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Bits160.byteCount) { buffer, count in
            for index in 0..<8 { buffer[index] = UInt8(truncatingIfNeeded: high >> UInt64(56 - 8 * index)) }
            for index in 0..<8 { buffer[8 + index] = UInt8(truncatingIfNeeded: middle >> UInt64(56 - 8 * index)) }
            for index in 0..<4 { buffer[16 + index] = UInt8(truncatingIfNeeded: low >> UInt32(24 - 8 * index)) }
            count = Bits160.byteCount
        }
    }

    /// The number of leading zero bits: 160 for zero itself.
    public var leadingZeroBitCount: Int {
        if high != 0 { return high.leadingZeroBitCount }
        if middle != 0 { return 64 + middle.leadingZeroBitCount }
        return 128 + low.leadingZeroBitCount
    }

    /// The bit at a position counted from the most significant, 0 to 159.
    public subscript(bit position: Int) -> Bool {
        get {
            precondition((0..<Bits160.bitCount).contains(position), "bit \(position) of 160")
            if position < 64 { return high >> UInt64(63 - position) & 1 == 1 }
            if position < 128 { return middle >> UInt64(127 - position) & 1 == 1 }
            return low >> UInt32(159 - position) & 1 == 1
        }
        set {
            guard self[bit: position] != newValue else { return }
            if position < 64 {
                high ^= 1 << UInt64(63 - position)
            } else if position < 128 {
                middle ^= 1 << UInt64(127 - position)
            } else {
                low ^= 1 << UInt32(159 - position)
            }
        }
    }

    /// Bitwise exclusive or.
    public static func ^ (left: Bits160, right: Bits160) -> Bits160 {
        Bits160(high: left.high ^ right.high, middle: left.middle ^ right.middle, low: left.low ^ right.low)
    }
}

extension Bits160: Comparable {
    /// Compares as unsigned numbers.
    public static func < (left: Bits160, right: Bits160) -> Bool {
        if left.high != right.high { return left.high < right.high }
        if left.middle != right.middle { return left.middle < right.middle }
        return left.low < right.low
    }
}
