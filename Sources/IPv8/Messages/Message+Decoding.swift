extension Message {
    /// Reads the payload of a message: everything between the sender's key and the signature.
    init(_ kind: MessageKind, from reader: inout WireReader) throws(WireError) {
        switch kind {
        case .pingRequest: self = .pingRequest(PingRequest(id: try reader.readRequestID()))
        case .pingResponse: self = .pingResponse(PingResponse(id: try reader.readRequestID()))
        case .storeRequest: self = .storeRequest(try StoreRequest(from: &reader))
        case .storeResponse: self = .storeResponse(StoreResponse(id: try reader.readRequestID()))
        case .findRequest: self = .findRequest(try FindRequest(from: &reader))
        case .findResponse: self = .findResponse(try FindResponse(from: &reader))
        case .storePeerRequest: self = .storePeerRequest(try StorePeerRequest(from: &reader))
        case .storePeerResponse: self = .storePeerResponse(StorePeerResponse(id: try reader.readRequestID()))
        case .connectPeerRequest: self = .connectPeerRequest(try ConnectPeerRequest(from: &reader))
        case .connectPeerResponse: self = .connectPeerResponse(try ConnectPeerResponse(from: &reader))
        case .introductionRequestV1: self = .introductionRequest(try IntroductionRequest(.old, from: &reader))
        case .introductionRequest: self = .introductionRequest(try IntroductionRequest(.new, from: &reader))
        case .introductionResponseV1: self = .introductionResponse(try IntroductionResponse(.old, from: &reader))
        case .introductionResponse: self = .introductionResponse(try IntroductionResponse(.new, from: &reader))
        case .punctureRequestV1: self = .punctureRequest(try PunctureRequest(.old, from: &reader))
        case .punctureRequest: self = .punctureRequest(try PunctureRequest(.new, from: &reader))
        case .punctureV1: self = .puncture(try Puncture(.old, from: &reader))
        case .puncture: self = .puncture(try Puncture(.new, from: &reader))
        }
        guard reader.remaining == 0 else { throw .trailingBytes }
    }
}

extension StoreRequest {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        token = try reader.readIdentifier()
        target = try reader.readIdentifier()
        values = try reader.readValues()
    }
}

extension FindRequest {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        lan = try reader.readTypedAddress()
        target = try reader.readIdentifier()
        offset = try reader.readUInt32()
        wantsNodes = try reader.readBool()
    }
}

extension FindResponse {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        token = try reader.readIdentifier()
        values = try reader.readValues()
        nodes = try reader.readNodes()
    }
}

extension StorePeerRequest {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        token = try reader.readIdentifier()
        target = try reader.readIdentifier()
    }
}

extension ConnectPeerRequest {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        lan = try reader.readTypedAddress()
        target = try reader.readIdentifier()
    }
}

extension ConnectPeerResponse {
    fileprivate init(from reader: inout WireReader) throws(WireError) {
        id = try reader.readRequestID()
        nodes = try reader.readNodes()
    }
}

extension IntroductionRequest {
    fileprivate init(_ style: IntroductionStyle, from reader: inout WireReader) throws(WireError) {
        self.style = style
        globalTime = try reader.readUInt64()
        destination = try reader.readAddress(style)
        sourceLAN = try reader.readAddress(style)
        sourceWAN = try reader.readAddress(style)
        let (bits, number) = try reader.readFlagsAndIdentifier(style)
        (flags, identifier) = (Flags(rawValue: bits), number)
        extra = reader.readRest()
    }
}

extension IntroductionResponse {
    fileprivate init(_ style: IntroductionStyle, from reader: inout WireReader) throws(WireError) {
        self.style = style
        globalTime = try reader.readUInt64()
        destination = try reader.readAddress(style)
        sourceLAN = try reader.readAddress(style)
        sourceWAN = try reader.readAddress(style)
        introducedLAN = try reader.readAddress(style)
        introducedWAN = try reader.readAddress(style)
        let (bits, number) = try reader.readFlagsAndIdentifier(style)
        (flags, identifier) = (Flags(rawValue: bits), number)
        extra = reader.readRest()
    }
}

extension PunctureRequest {
    fileprivate init(_ style: IntroductionStyle, from reader: inout WireReader) throws(WireError) {
        self.style = style
        globalTime = try reader.readUInt64()
        walkerLAN = try reader.readAddress(style)
        walkerWAN = try reader.readAddress(style)
        identifier = try reader.readUInt16()
    }
}

extension Puncture {
    fileprivate init(_ style: IntroductionStyle, from reader: inout WireReader) throws(WireError) {
        self.style = style
        globalTime = try reader.readUInt64()
        sourceLAN = try reader.readAddress(style)
        walkerWAN = try reader.readAddress(style)
        identifier = try reader.readUInt16()
    }
}

extension WireReader {
    fileprivate mutating func readRequestID() throws(WireError) -> RequestID { RequestID(try readUInt32()) }

    /// A count in one byte, then as many byte strings.
    fileprivate mutating func readValues() throws(WireError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for _ in 0..<(try readUInt8()) {
            values.append(try readBytes(count: Int(try readUInt16())))
        }
        return values
    }

    /// A count in one byte, then as many nodes. A node with a key of an unknown kind is skipped: other nodes may know
    /// it, and it must not make the whole message unreadable.
    fileprivate mutating func readNodes() throws(WireError) -> [NodeInfo] {
        var nodes: [NodeInfo] = []
        for _ in 0..<(try readUInt8()) {
            let address = try readTypedAddress()
            guard let key = PublicKey(bytes: try readBytes(count: Int(try readUInt16()))) else { continue }
            nodes.append(NodeInfo(address: address, publicKey: key))
        }
        return nodes
    }

    /// The styles have these two fields in opposite order.
    fileprivate mutating func readFlagsAndIdentifier(
        _ style: IntroductionStyle
    ) throws(WireError) -> (flags: UInt8, identifier: UInt16) {
        switch style {
        case .old: return (try readUInt8(), try readUInt16())
        case .new:
            let identifier = try readUInt16()
            return (try readUInt8(), identifier)
        }
    }

    /// An address in the style's encoding.
    fileprivate mutating func readAddress(_ style: IntroductionStyle) throws(WireError) -> Address {
        switch style {
        case .old: Address(host: .v4(try readUInt32()), port: try readUInt16())
        case .new: try readTypedAddress()
        }
    }

    /// A byte for the type, then the address.
    fileprivate mutating func readTypedAddress() throws(WireError) -> Address {
        switch try readUInt8() {
        case AddressType.ipv4: Address(host: .v4(try readUInt32()), port: try readUInt16())
        case AddressType.ipv6: Address(host: .v6(try readUInt64(), try readUInt64()), port: try readUInt16())
        default: throw .badAddress
        }
    }
}
