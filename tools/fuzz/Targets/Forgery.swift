@testable import IPv8

/// Cheap keys, signatures and packets.
///
/// A signature is modelled by a checksum over the signed bytes, including the key. Every change by the fuzzer makes it
/// wrong, and a correct one costs no computation on a curve.
enum Forgery {
    /// A key of a level, different for each number. Nobody has its private half.
    static func key(_ number: UInt8, _ level: KeyLevel = .curve25519) -> PublicKey {
        let prefix = level.publicKeyPrefix
        let material = (0..<level.publicKeyByteCount - prefix.count).map { number &+ UInt8(truncatingIfNeeded: $0) }
        guard let key = PublicKey(bytes: prefix + material) else {
            preconditionFailure("a key of level \(level) is not one")
        }
        return key
    }

    /// The model's signature.
    static func signature(of bytes: ArraySlice<UInt8>, level: KeyLevel) -> [UInt8] {
        let checksum = bytes.withUnsafeBytes { Digest.checksum64($0) }
        return [UInt8](repeating: 0xA5, count: level.signatureByteCount - 8) + checksum.bigEndianBytes
    }

    /// Whether the last bytes are the model's signature of those before them.
    static func isSigned(_ bytes: [UInt8], level: KeyLevel) -> Bool {
        let boundary = bytes.count - level.signatureByteCount
        guard boundary >= 0 else { return false }
        return Array(bytes[boundary...]) == signature(of: bytes[..<boundary], level: level)
    }

    static func isAuthentic(_ packet: Packet) -> Bool {
        guard let sender = packet.sender else { return true }
        return isSigned(packet.bytes, level: sender.level)
    }

    static func isAuthentic(_ entry: Entry) -> Bool {
        guard let signer = entry.signature?.signer else { return true }
        return isSigned(entry.bytes, level: signer.level)
    }

    /// A message's datagram with the model's signature.
    static func packet(_ message: Message, from key: PublicKey) -> [UInt8] {
        var writer = WireWriter(reserving: 512)
        message.write(to: &writer)
        return packet(id: message.id, payload: writer.bytes, from: message.kind.isSigned ? key : nil)
    }

    /// A datagram with a message id and any payload.
    static func packet(id: UInt8, payload: [UInt8], from key: PublicKey?) -> [UInt8] {
        var writer = WireWriter(reserving: 512)
        writer.write(raw: Packet.prefix)
        writer.write(id)
        if let key { writer.writeSized(key.bytes) }
        writer.write(raw: payload)
        guard let key else { return writer.bytes }
        return writer.bytes + signature(of: writer.bytes[...], level: key.level)
    }

    /// A signed value of maximum length, with the model's signature.
    static func entry(_ data: [UInt8], version: UInt32, signedBy key: PublicKey) -> [UInt8] {
        var writer = WireWriter(reserving: Entry.byteCountMax)
        writer.write(UInt8(1))
        writer.writeSized(data)
        writer.write(version)
        writer.writeSized(key.bytes)
        return writer.bytes + signature(of: writer.bytes[...], level: key.level)
    }
}
