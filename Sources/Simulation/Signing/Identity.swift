package import IPv8

/// Whether signatures are real, which costs 70 µs a packet, or modelled by a checksum.
///
/// A modelled signature breaks with every change. Anyone could make one, but nobody in the world signs with another
/// identity's key.
package enum Signatures: Sendable {
    /// Ed25519 by libsodium.
    case real
    /// A checksum instead of a signature.
    case modelled

    /// Whether a packet's signature is its sender's.
    func isAuthentic(_ packet: Packet, _ verifier: SignatureVerifier) -> Bool {
        switch self {
        case .real: packet.isAuthentic(accordingTo: verifier)
        case .modelled: packet.sender.map { Signatures.isModelled(packet.bytes, $0.level) } ?? true
        }
    }

    /// Whether an entry's signature is its signer's.
    func isAuthentic(_ entry: Entry, _ verifier: SignatureVerifier) -> Bool {
        switch self {
        case .real: entry.isAuthentic(accordingTo: verifier)
        case .modelled: entry.signature.map { Signatures.isModelled(entry.bytes, $0.signer.level) } ?? true
        }
    }

    private static func isModelled(_ bytes: [UInt8], _ level: KeyLevel) -> Bool {
        let boundary = bytes.count - level.signatureByteCount
        return bytes.withUnsafeBytes { bytes in
            let checksum = Digest.checksum64(UnsafeRawBufferPointer(rebasing: bytes[..<boundary]))
            let given = bytes.loadUnaligned(fromByteOffset: boundary, as: UInt64.self)
            return given.littleEndian == checksum && bytes[(boundary + 8)...].allSatisfy { $0 == filling }
        }
    }

    /// The rest of a modelled signature after its checksum.
    private static let filling: UInt8 = 0xA5

    static func modelled(over bytes: ArraySlice<UInt8>, _ level: KeyLevel) -> [UInt8] {
        let checksum = bytes.withUnsafeBytes { Digest.checksum64($0) }
        var signature = [UInt8](repeating: filling, count: level.signatureByteCount)
        for place in 0..<8 { signature[place] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * place)) }
        return signature
    }
}

/// A signer: the owner of a machine, or of values.
package struct Identity: Sendable {
    package let publicKey: PublicKey
    private let key: PrivateKey?

    /// An identity with a real key.
    package init(_ key: PrivateKey) {
        publicKey = key.publicKey
        self.key = key
    }

    /// The identity with a number: a real key that follows from it, or a key without a private half.
    package init(number: UInt64, _ signatures: Signatures) {
        var generator = SeededGenerator(seed: number, stream: 0x6B65_79)
        let material = (0..<64).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        switch signatures {
        case .real:
            guard let key = try? PrivateKey(bytes: Array("LibNaCLSK:".utf8) + material) else {
                preconditionFailure("64 bytes are the secrets of a key")
            }
            self.init(key)
        case .modelled:
            guard let publicKey = PublicKey(bytes: Array("LibNaCLPK:".utf8) + material) else {
                preconditionFailure("64 bytes are a key")
            }
            self.init(publicKey)
        }
    }

    private init(_ publicKey: PublicKey) {
        self.publicKey = publicKey
        key = nil
    }

    func sign(_ message: [UInt8]) -> [UInt8] {
        key?.sign(message) ?? Signatures.modelled(over: message[...], publicKey.level)
    }

    /// A signed datagram.
    package func packet(_ message: Message) -> [UInt8] { Packet.encode(message, from: publicKey) { sign($0) } }

    package func entry(_ data: [UInt8], version: Version) throws(EntryError) -> Entry {
        try Entry(data: data, version: version, signer: publicKey, signing: sign)
    }
}
