/// A datagram with a message of this overlay. Its signature has not been checked yet.
///
///     prefix 22 | message id 1 | length 2, public key | payload | signature
///
/// Puncture requests have neither key nor signature.
public struct Packet: Hashable, Sendable {
    public let message: Message
    /// The sender, if the signature is valid; `nil` in a puncture request, which anybody can make.
    public let sender: PublicKey?
    /// The datagram.
    public let bytes: [UInt8]

    /// The prefix of every packet of the DHT overlay: two bytes for the protocol, then the community's id.
    public static let prefix: [UInt8] = [
        0x00, 0x02,
        0x8D, 0x0B, 0xE1, 0x84, 0x5D, 0x74, 0xD1, 0x75, 0xF1, 0x78,
        0x19, 0x7C, 0xAD, 0x00, 0x15, 0x91, 0xD0, 0x4D, 0x73, 0xCC,
    ]

    /// The longest accepted datagram. The largest packet of the protocol has 1,893 bytes.
    public static let byteCountMax = 2048

    /// Parses a datagram.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Packet.byteCountMax else { throw .tooLong }
        guard bytes.starts(with: Packet.prefix) else { throw .foreignPrefix }
        var reader = WireReader(bytes, from: Packet.prefix.count)
        let id = try reader.readUInt8()
        let kind = MessageKind(rawValue: id)
        // Messages of the protocol's predecessor.
        if kind == nil, id >= 235 { throw .deprecatedMessage }
        if kind?.isSigned == false {
            sender = nil
        } else {
            guard let key = PublicKey(bytes: try reader.readBytes(count: Int(try reader.readUInt16()))) else {
                throw .badKey
            }
            let payloadEnd = bytes.count - key.level.signatureByteCount
            guard payloadEnd >= reader.position else { throw .cutShort }
            reader = WireReader(bytes, from: reader.position, upTo: payloadEnd)
            sender = key
        }
        guard let kind else { throw .unknownMessage }
        message = try Message(kind, from: &reader)
        self.bytes = bytes
    }

    /// Whether the signature is valid. A packet without a sender has no signature, and is authentic.
    public func isAuthentic(accordingTo verifier: SignatureVerifier) -> Bool {
        guard let sender else { return true }
        let boundary = bytes.count - sender.level.signatureByteCount
        return verifier.isValid(bytes[boundary...], of: bytes[..<boundary], by: sender)
    }

    /// Encodes a message, and signs it if it needs a signature.
    public static func encode(_ message: Message, signedBy key: PrivateKey) -> [UInt8] {
        encode(message, from: key.publicKey) { key.sign($0) }
    }

    /// The size of a message's datagram.
    package static func byteCount(of message: Message, from sender: PublicKey) -> Int {
        encode(message, from: sender) { _ in [UInt8](repeating: 0, count: sender.level.signatureByteCount) }.count
    }

    /// Encodes a message with a signature that the caller makes.
    package static func encode(
        _ message: Message, from sender: PublicKey, signing sign: ([UInt8]) -> [UInt8]
    ) -> [UInt8] {
        var writer = WireWriter(reserving: 512)
        writer.write(raw: prefix)
        writer.write(message.id)
        if message.kind.isSigned { writer.writeSized(sender.bytes) }
        message.write(to: &writer)
        if message.kind.isSigned { writer.write(raw: sign(writer.bytes)) }
        return writer.bytes
    }
}

/// The broadcast with which a peer looks for others in its local network.
///
///     protocol version 2 (0) | "IPv8" | kind 1 (0) | prefix 22
///
/// Receivers send the caller an introduction request. The reference broadcasts to every port of the network, because it
/// listens for calls at ports that nobody knows.
public enum LocalCall {
    /// The datagram (the reference's `HDR_ANNOUNCE` and the overlay's prefix).
    public static let bytes: [UInt8] = [0, 0] + Array("IPv8".utf8) + [0] + Packet.prefix
}
