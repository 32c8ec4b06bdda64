/// A value of the DHT in its serialized form. It has been parsed and is within the size limit, but its signature has
/// not been checked.
///
///     unsigned   00 | data
///     signed     01 | length 2 | data | version 4 | length 2 | public key | signature
///
/// The signature covers everything before it. It does not cover the target, so anybody can store somebody's signed
/// value under another key.
public struct Entry: Hashable, Sendable {
    /// The serialized form, at most ``byteCountMax`` bytes.
    public let bytes: [UInt8]
    /// The range of the data within the bytes.
    private let dataRange: Range<Int>
    /// The signer and the version; `nil` if the entry is unsigned.
    public let signature: Signature?

    /// What a signed entry has besides its data.
    public struct Signature: Hashable, Sendable {
        public let signer: PublicKey
        /// A higher version replaces a lower one.
        public let version: Version
    }

    /// The largest serialized entry (the reference's `MAX_ENTRY_SIZE`).
    public static let byteCountMax = 170

    /// The first byte of an entry.
    private enum Kind {
        static let unsigned: UInt8 = 0  // DHT_ENTRY_STR
        static let signed: UInt8 = 1  // DHT_ENTRY_STR_SIGNED
    }

    /// Parses a serialized entry.
    public init(bytes: [UInt8]) throws(EntryError) {
        guard let kind = bytes.first else { throw .empty }
        guard bytes.count <= Entry.byteCountMax else { throw .tooLong }
        switch kind {
        case Kind.unsigned:
            dataRange = 1..<bytes.count
            signature = nil
        case Kind.signed:
            (dataRange, signature) = try Entry.parseSigned(bytes)
        default:
            throw .unknownKind
        }
        self.bytes = bytes
    }

    private static func parseSigned(_ bytes: [UInt8]) throws(EntryError) -> (Range<Int>, Signature) {
        do {
            var reader = WireReader(bytes, from: 1)
            let data = try reader.readRange(count: Int(reader.readUInt16()))
            let version = Version(try reader.readUInt32())
            guard let signer = PublicKey(bytes: try reader.readBytes(count: Int(reader.readUInt16()))) else {
                throw EntryError.badKey
            }
            guard reader.remaining == signer.level.signatureByteCount else { throw EntryError.badLength }
            return (data, Signature(signer: signer, version: version))
        } catch let error as EntryError {
            throw error
        } catch {
            throw .badLength
        }
    }

    /// Makes an unsigned entry; fails if the data is longer than 169 bytes.
    public init(unsigned data: [UInt8]) throws(EntryError) {
        try self.init(bytes: [Kind.unsigned] + data)
    }

    /// Makes and signs an entry; fails if the result would be too long: curve25519 leaves 23 bytes for the data.
    public init(data: [UInt8], version: Version, signedBy key: PrivateKey) throws(EntryError) {
        try self.init(data: data, version: version, signer: key.publicKey) { key.sign($0) }
    }

    /// Makes an entry with a signature from elsewhere.
    package init(
        data: [UInt8], version: Version, signer: PublicKey, signing sign: ([UInt8]) -> [UInt8]
    ) throws(EntryError) {
        let byteCount = 1 + 2 + data.count + 4 + 2 + signer.bytes.count + signer.level.signatureByteCount
        guard byteCount <= Entry.byteCountMax else { throw .tooLong }
        var writer = WireWriter(reserving: byteCount)
        writer.write(Kind.signed)
        writer.writeSized(data)
        writer.write(version.number)
        writer.writeSized(signer.bytes)
        try self.init(bytes: writer.bytes + sign(writer.bytes))
    }

    /// The application's data.
    public var data: ArraySlice<UInt8> { bytes[dataRange] }

    /// Distinguishes it from other entries under the same target.
    public var id: EntryID {
        EntryID(bits: signature?.signer.mid.bits ?? Digest.sha1(bytes))
    }

    /// Whether the signature is valid. An unsigned entry is authentic.
    public func isAuthentic(accordingTo verifier: SignatureVerifier) -> Bool {
        guard let signature else { return true }
        let boundary = bytes.count - signature.signer.level.signatureByteCount
        return verifier.isValid(bytes[boundary...], of: bytes[..<boundary], by: signature.signer)
    }
}

/// The version of a signed entry: the reference writes the time of signing, in seconds since 1970.
public struct Version: Hashable, Comparable, Sendable {
    /// The number as on the wire.
    public let number: UInt32

    /// Wraps the number that is on the wire.
    public init(_ number: UInt32) { self.number = number }

    /// The version of an entry that is signed at a moment.
    public init(signedAt instant: Instant) {
        number = UInt32(clamping: instant.seconds)
    }

    /// The next version of a signer at a moment: the moment, or its last version plus one if the clock is not past
    /// that. `nil` if no higher version exists.
    public init?(signedAt instant: Instant, after last: Version?) {
        let clock = Version(signedAt: instant)
        guard let last, last >= clock else {
            self = clock
            return
        }
        let (next, overflow) = last.number.addingReportingOverflow(1)
        guard !overflow else { return nil }
        number = next
    }

    /// How far the version is ahead of a moment; zero if it is not.
    public func lead(over instant: Instant) -> Duration {
        .seconds(max(0, Int64(number) - max(0, instant.seconds)))
    }

    /// Orders by number.
    public static func < (left: Version, right: Version) -> Bool { left.number < right.number }
}

/// Why bytes are not an entry.
public enum EntryError: String, Error, Equatable, CaseIterable {
    /// There are no bytes.
    case empty
    /// There are more than ``Entry/byteCountMax``.
    case tooLong = "too_long"
    /// The first byte is neither 0 nor 1.
    case unknownKind = "unknown_kind"
    /// A part exceeds the remaining bytes, or bytes are left over.
    case badLength = "bad_length"
    /// The signer's key is not the canonical encoding of a key.
    case badKey = "bad_key"
}
