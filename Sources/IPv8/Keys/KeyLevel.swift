/// The kinds of key in the overlay, under the reference's names for them.
public enum KeyLevel: String, Hashable, Sendable, CaseIterable {
    /// Ed25519 signatures with an X25519 key beside them: the keys of today's peers.
    case curve25519
    /// ECDSA over sect163k1, which trackers use.
    case veryLow = "very-low"
    /// ECDSA over sect233k1.
    case low
    /// ECDSA over sect409k1.
    case medium
    /// ECDSA over sect571k1.
    case high

    public var signatureByteCount: Int {
        switch self {
        case .curve25519: 64
        case .veryLow, .low, .medium, .high: 2 * fieldByteCount
        }
    }

    /// Bytes of a binary public key.
    public var publicKeyByteCount: Int {
        switch self {
        case .curve25519: KeyLevel.curve25519PublicPrefix.count + 64
        case .veryLow, .low, .medium, .high: publicKeyPrefix.count + 2 * fieldByteCount
        }
    }

    /// The prefix of every binary public key of this level.
    var publicKeyPrefix: [UInt8] {
        switch self {
        case .curve25519: KeyLevel.curve25519PublicPrefix
        case .veryLow: KeyLevel.veryLowPrefix
        case .low: KeyLevel.lowPrefix
        case .medium: KeyLevel.mediumPrefix
        case .high: KeyLevel.highPrefix
        }
    }

    /// Bytes of one element of the curve's field, so of one coordinate and of one half of a signature.
    var fieldByteCount: Int {
        switch self {
        case .curve25519: 32
        case .veryLow: 21
        case .low: 30
        case .medium: 52
        case .high: 72
        }
    }

    /// OpenSSL's name of the curve; `nil` for libsodium's.
    var curveName: String? {
        switch self {
        case .curve25519: nil
        case .veryLow: "sect163k1"
        case .low: "sect233k1"
        case .medium: "sect409k1"
        case .high: "sect571k1"
        }
    }

    static let curve25519PublicPrefix = Array("LibNaCLPK:".utf8)
    static let curve25519PrivatePrefix = Array("LibNaCLSK:".utf8)

    private static let veryLowPrefix = subjectPublicKeyInfoPrefix(curveArc: 1, fieldByteCount: 21)
    private static let lowPrefix = subjectPublicKeyInfoPrefix(curveArc: 26, fieldByteCount: 30)
    private static let mediumPrefix = subjectPublicKeyInfoPrefix(curveArc: 36, fieldByteCount: 52)
    private static let highPrefix = subjectPublicKeyInfoPrefix(curveArc: 38, fieldByteCount: 72)

    /// The DER of a SubjectPublicKeyInfo (RFC 5480) up to and with the byte 4 that opens an uncompressed point.
    ///
    /// - Parameter curveArc: the last arc of the curve's object identifier, 1.3.132.0.x.
    private static func subjectPublicKeyInfoPrefix(curveArc: UInt8, fieldByteCount: Int) -> [UInt8] {
        let ecPublicKey: [UInt8] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        let curve: [UInt8] = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, curveArc]
        let algorithm = [0x30, UInt8(ecPublicKey.count + curve.count)] + ecPublicKey + curve
        let pointByteCount = 1 + 2 * fieldByteCount
        let bitString = [0x03] + derLength(pointByteCount + 1) + [0x00]
        let body = algorithm + bitString + [0x04]
        return [0x30] + derLength(body.count - 1 + pointByteCount) + body
    }

    private static func derLength(_ count: Int) -> [UInt8] {
        count < 128 ? [UInt8(count)] : [0x81, UInt8(count)]
    }
}
