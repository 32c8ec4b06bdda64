@testable import IPv8

/// Datagrams through the packet decoder: a decoded packet decodes to the same after encoding.
///
///     selector 1 | message id 1 | payload      where the selector's low three bits are 1 to 5: framed with a key
///     selector 1 | datagram                    otherwise
enum PacketTarget {
    private static let idOffset = Packet.prefix.count

    static func run(_ input: [UInt8]) throws(Violation) {
        try check(datagram(from: input))
    }

    /// A fuzzer would rarely find prefix and key by itself.
    static func datagram(from input: [UInt8]) -> [UInt8] {
        var source = ByteSource(input)
        let selector = Int(source.byte() & 7) - 1
        guard KeyLevel.allCases.indices.contains(selector) else { return source.rest() }
        let id = source.byte()
        let isSigned = id != 250 && id != 232
        return Forgery.packet(
            id: id, payload: source.rest(), from: isSigned ? Forgery.key(1, KeyLevel.allCases[selector]) : nil)
    }

    private static func check(_ datagram: [UInt8]) throws(Violation) {
        guard let packet = try? Packet(decoding: datagram) else { return }
        try require(datagram.count <= 2048, "a datagram of \(datagram.count) bytes was read")
        try require(datagram.starts(with: Packet.prefix), "a datagram of another overlay was read")
        try require(packet.bytes == datagram, "the packet holds other bytes than the datagram")
        try require(packet.message.id == datagram[idOffset], "message \(datagram[idOffset]) reads as another")
        try require(
            packet.message.kind.isSigned == (packet.sender != nil), "message \(packet.message.id) and its signature")
        try checkWrittenAgain(packet)
        try checkValues(of: packet.message)
    }

    private static func checkWrittenAgain(_ packet: Packet) throws(Violation) {
        let original = packet.bytes
        let level = packet.sender?.level
        var writer = WireWriter(reserving: original.count)
        writer.write(raw: Packet.prefix)
        writer.write(packet.message.id)
        if let sender = packet.sender { writer.writeSized(sender.bytes) }
        packet.message.write(to: &writer)
        let written = writer.bytes + original.suffix(level?.signatureByteCount ?? 0)

        guard let again = try? Packet(decoding: written) else {
            throw Violation("what was read cannot be read again once it is written: \(packet.message)")
        }
        try require(again.message == packet.message && again.sender == packet.sender, "it reads as something else")
        switch packet.message {
        case .findResponse, .connectPeerResponse:
            // Nodes with keys of an unknown kind are skipped.
            try require(written.count <= original.count, "it has grown")
            try require(written.count < original.count || written == original, "its bytes have changed")
        case .findRequest:
            // Any byte but zero is true.
            let place = original.count - 1 - (level?.signatureByteCount ?? 0)
            var expected = original
            expected[place] = original[place] == 0 ? 0 : 1
            try require(written == expected, "its bytes have changed")
        default:
            try require(written == original, "its bytes have changed")
        }
    }

    private static func checkValues(of message: Message) throws(Violation) {
        switch message {
        case .storeRequest(let request): for value in request.values { try EntryTarget.check(value) }
        case .findResponse(let response): for value in response.values { try EntryTarget.check(value) }
        default: return
        }
    }
}
