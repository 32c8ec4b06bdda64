extension Message {
    /// Writes the payload: everything between the sender's key and the signature.
    func write(to writer: inout WireWriter) {
        switch self {
        case .pingRequest(let request): writer.write(request.id.number)
        case .pingResponse(let response): writer.write(response.id.number)
        case .storeRequest(let request): request.write(to: &writer)
        case .storeResponse(let response): writer.write(response.id.number)
        case .findRequest(let request): request.write(to: &writer)
        case .findResponse(let response): response.write(to: &writer)
        case .storePeerRequest(let request): request.write(to: &writer)
        case .storePeerResponse(let response): writer.write(response.id.number)
        case .connectPeerRequest(let request): request.write(to: &writer)
        case .connectPeerResponse(let response): response.write(to: &writer)
        case .introductionRequest(let request): request.write(to: &writer)
        case .introductionResponse(let response): response.write(to: &writer)
        case .punctureRequest(let request): request.write(to: &writer)
        case .puncture(let puncture): puncture.write(to: &writer)
        }
    }
}

extension StoreRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(token)
        writer.write(target)
        writer.write(values: values)
    }
}

extension FindRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(typed: lan)
        writer.write(target)
        writer.write(offset)
        writer.write(wantsNodes)
    }
}

extension FindResponse {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(token)
        writer.write(values: values)
        writer.write(nodes: nodes)
    }
}

extension StorePeerRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(token)
        writer.write(target)
    }
}

extension ConnectPeerRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(typed: lan)
        writer.write(target)
    }
}

extension ConnectPeerResponse {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(id.number)
        writer.write(nodes: nodes)
    }
}

extension IntroductionRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(globalTime)
        for address in [destination, sourceLAN, sourceWAN] { writer.write(address, style) }
        writer.write(flags: flags.rawValue, identifier: identifier, style)
        writer.write(raw: extra)
    }
}

extension IntroductionResponse {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(globalTime)
        for address in [destination, sourceLAN, sourceWAN, introducedLAN, introducedWAN] {
            writer.write(address, style)
        }
        writer.write(flags: flags.rawValue, identifier: identifier, style)
        writer.write(raw: extra)
    }
}

extension PunctureRequest {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(globalTime)
        writer.write(walkerLAN, style)
        writer.write(walkerWAN, style)
        writer.write(identifier)
    }
}

extension Puncture {
    fileprivate func write(to writer: inout WireWriter) {
        writer.write(globalTime)
        writer.write(sourceLAN, style)
        writer.write(walkerWAN, style)
        writer.write(identifier)
    }
}

/// The byte in front of an address that tells its family.
enum AddressType {
    static let ipv4: UInt8 = 0x01  // ADDRESS_TYPE_IPV4
    static let ipv6: UInt8 = 0x03  // ADDRESS_TYPE_IPV6
}

extension WireWriter {
    fileprivate mutating func write(values: [[UInt8]]) {
        precondition(values.count <= UInt8.max, "\(values.count) values do not fit an 8-bit count")
        write(UInt8(values.count))
        for value in values { writeSized(value) }
    }

    fileprivate mutating func write(nodes: [NodeInfo]) {
        precondition(nodes.count <= UInt8.max, "\(nodes.count) nodes do not fit an 8-bit count")
        write(UInt8(nodes.count))
        for node in nodes {
            write(typed: node.address)
            writeSized(node.publicKey.bytes)
        }
    }

    /// The styles have these two fields in opposite order.
    fileprivate mutating func write(flags: UInt8, identifier: UInt16, _ style: IntroductionStyle) {
        switch style {
        case .old:
            write(flags)
            write(identifier)
        case .new:
            write(identifier)
            write(flags)
        }
    }

    fileprivate mutating func write(_ address: Address, _ style: IntroductionStyle) {
        switch style {
        case .old: write(untyped: address)
        case .new: write(typed: address)
        }
    }

    /// The old style cannot encode an IPv6 address, so it writes the unspecified address instead.
    private mutating func write(untyped address: Address) {
        guard case .v4(let host) = address.host else { return write(untyped: .none) }
        write(host)
        write(address.port)
    }

    fileprivate mutating func write(typed address: Address) {
        switch address.host {
        case .v4(let host):
            write(AddressType.ipv4)
            write(host)
        case .v6(let high, let low):
            write(AddressType.ipv6)
            write(high)
            write(low)
        }
        write(address.port)
    }
}
