/// A peer's public key in its one canonical encoding, and the identity that follows from it.
///
/// The bytes have the length and prefix of one of the five levels. Whether they encode a point of the curve shows only
/// when a signature is checked: an invalid point has no valid signature.
public struct PublicKey: Sendable {
    /// The binary form that goes over the wire: `LibNaCLPK:`, X25519 key and Ed25519 key, or a DER
    /// SubjectPublicKeyInfo with an uncompressed point.
    public let bytes: [UInt8]
    public let level: KeyLevel
    /// SHA-1 of the binary form.
    public let mid: Mid

    /// Reads a binary public key; `nil` for anything but the canonical encoding of one of the five levels, so that no
    /// signer has two identities.
    public init?(bytes: [UInt8]) {
        guard let level = PublicKey.level(of: bytes) else { return nil }
        self.bytes = bytes
        self.level = level
        mid = Mid(bits: Digest.sha1(bytes))
    }

    /// The level of a key's length and prefix, without hashing anything.
    private static func level(of bytes: [UInt8]) -> KeyLevel? {
        KeyLevel.allCases.first { level in
            bytes.count == level.publicKeyByteCount && bytes.starts(with: level.publicKeyPrefix)
        }
    }

    /// The bytes that come after the prefix: two keys, or the coordinates of the point.
    var material: ArraySlice<UInt8> { bytes[level.publicKeyPrefix.count...] }
}

extension PublicKey: Hashable {
    /// Two keys are the same when their bytes are.
    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.bytes == right.bytes }

    /// Hashes the identity, which stands for the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(mid) }
}

extension PublicKey: CustomStringConvertible {
    /// The binary form as hexadecimal digits.
    public var description: String { Hex.encode(bytes) }
}
