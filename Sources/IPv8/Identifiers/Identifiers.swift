/// A 160-bit identifier. Each kind has its own type, so that a key never passes for a peer.
public protocol Identifier160: Hashable, Comparable, Sendable, CustomStringConvertible {
    var bits: Bits160 { get }
    init(bits: Bits160)
}

extension Identifier160 {
    /// Reads 20 bytes; `nil` unless there are exactly 20.
    public init?(bytes: some Collection<UInt8>) {
        guard let bits = Bits160(bytes) else { return nil }
        self.init(bits: bits)
    }

    /// Reads 40 hexadecimal digits of either case; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The 20 bytes as on the wire.
    public var bytes: [UInt8] { bits.bytes }

    /// 40 hexadecimal digits.
    public var description: String { Hex.encode(bytes) }

    /// Orders identifiers as unsigned numbers.
    public static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}

/// A 160-bit key of the DHT, under which values are stored and looked up.
public struct Target: Identifier160 {
    /// The key's bits.
    public let bits: Bits160
    /// Makes a key of these bits.
    public init(bits: Bits160) { self.bits = bits }

    /// The key of a text: the SHA-1 of its UTF-8 bytes.
    public init(hashing text: String) { self.init(bits: Digest.sha1(Array(text.utf8))) }
}

/// The identity of a peer: SHA-1 of its binary public key.
public struct Mid: Identifier160 {
    /// The identity's bits.
    public let bits: Bits160
    /// Makes an identity of these bits.
    public init(bits: Bits160) { self.bits = bits }
}

/// Distinguishes values under one target: the SHA-1 of the signer's public key, or of the serialized value if it is
/// unsigned.
public struct EntryID: Identifier160 {
    /// The identity's bits.
    public let bits: Bits160
    /// Makes an identity of these bits.
    public init(bits: Bits160) { self.bits = bits }
}

/// The permission to store at a node, which the node gives with each find response.
public struct Token: Identifier160 {
    public let bits: Bits160
    public init(bits: Bits160) { self.bits = bits }
}

/// The secret behind a node's tokens. It never leaves the node, but outlives its process.
public struct TokenSecret: Hashable, Sendable {
    /// 16 to 64 unpredictable bytes.
    public var bytes: [UInt8]
    public var drawnAt: Instant

    public init(bytes: [UInt8], drawnAt: Instant) {
        self.bytes = bytes
        self.drawnAt = drawnAt
    }
}
