internal import Console
internal import IPv8

/// How a packet of the overlay is laid out around its payload.
extension FieldReader {
    /// Reads a whole packet.
    mutating func packet() throws(DecodeFault) {
        try prefix()
        let place = position
        let id = UInt8(truncatingIfNeeded: try number("message", 1) { MessageName.text($0) })
        guard MessageName.isInUse(id) else {
            throw DecodeFault(offset: place, reason: "message \(id) \(MessageName.text(Int(id)))")
        }
        guard id != 250, id != 232 else { return try payload(id) }
        try signed(id)
    }

    private mutating func prefix() throws(DecodeFault) {
        if bytes.count > Packet.byteCountMax {
            throw DecodeFault(
                offset: Packet.byteCountMax,
                reason: "a packet has at most \(Packet.byteCountMax) bytes, but this one has \(bytes.count)")
        }
        let protocolBytes = Packet.prefix.prefix(2)
        let version = try take("protocol", 2) { $0 == Array(protocolBytes) ? "IPv8, version 2" : "not IPv8" }
        guard version == Array(protocolBytes) else {
            throw DecodeFault(offset: 0, reason: "a packet of IPv8 begins with 0002")
        }
        let community = try take("community", 20) { $0 == Array(Packet.prefix.dropFirst(2)) ? "the DHT" : "another" }
        guard community == Array(Packet.prefix.dropFirst(2)) else {
            throw DecodeFault(offset: 2, reason: "the packet belongs to another overlay")
        }
    }

    private mutating func signed(_ id: UInt8) throws(DecodeFault) {
        let keyStart = position + 2
        guard let key = try key("sender's key") else {
            throw DecodeFault(
                offset: keyStart, reason: "the key is not the canonical encoding of any of the five kinds of key")
        }
        let needed = key.level.signatureByteCount
        let boundary = bytes.count - needed
        guard boundary >= position else {
            throw DecodeFault(
                offset: position,
                reason: "the signature of a \(key.level.rawValue) key has \(needed) bytes, and \(remaining) are left")
        }
        limit(to: boundary, because: "the signature")
        try payload(id)
        removeLimit()
        let isValid = SignatureVerifier().isValid(bytes[boundary...], of: bytes[..<boundary], by: key)
        try take("signature", needed) { _ in isValid ? "valid, over everything before it" : "wrong" }
        if !isValid { blame("the signature does not match the sender's key and the packet before it") }
    }
}

enum MessageName {
    private static let names: [UInt8: String] = [
        1: "ping request", 2: "ping response", 3: "store request", 4: "store response", 5: "find request",
        6: "find response", 7: "store-peer request", 8: "store-peer response", 9: "connect-peer request",
        10: "connect-peer response", 246: "introduction request", 245: "introduction response",
        250: "puncture request", 249: "puncture", 234: "introduction request, new style",
        233: "introduction response, new style", 232: "puncture request, new style", 231: "puncture, new style",
    ]
    private static let deprecated: Set<UInt8> = Set(235...244).union([247, 248]).union(251...255)

    static func isInUse(_ id: UInt8) -> Bool { names[id] != nil }

    static func text(_ id: Int) -> String {
        let id = UInt8(truncatingIfNeeded: id)
        return names[id] ?? (deprecated.contains(id) ? "is no longer in use" : "is not known")
    }
}
