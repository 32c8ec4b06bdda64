import DHTCore
import IPv8

/// Messages of others, built from the fuzzer's decisions.
extension NodeRun {
    // MARK: Choices

    /// A peer, usually at its usual address.
    mutating func peer() -> NodeInfo {
        let number = source.index(below: Cast.peers.count)
        let address = source.byte() < 224 ? Cast.home(number, isLoopback: isLoopback) : address()
        return NodeInfo(address: address, publicKey: Cast.peers[number])
    }

    mutating func address() -> Address { Cast.anyAddress(&source, isLoopback: isLoopback) }
    mutating func target() -> Target { source.choice(Cast.targets) }

    /// A value under a target: unsigned, signed by somebody, or invalid.
    mutating func value(under target: Target, isSound: Bool = false) -> (bytes: [UInt8], isSigned: Bool) {
        let kind = source.byte()
        switch kind % 8 {
        case 0, 1: return ([0] + source.take(Int(source.byte() & 3)), false)
        case 7 where !isSound: return (source.take(Int(source.byte())), false)
        default:
            let signer = Cast.peers[source.index(below: 4)]
            // Versions about now, so that some have an hour to live and others are past it.
            let version = UInt32(clamping: now.seconds) &- UInt32(source.byte()) * 20 &+ 300
            var bytes = Forgery.entry([source.byte() & 3], version: version, signedBy: signer)
            if kind > 240, !isSound { bytes[bytes.count - 1] ^= 1 }
            return (bytes, true)
        }
    }

    private mutating func values(upTo count: Int, under target: Target) -> [[UInt8]] {
        (0..<source.index(below: count + 1)).map { _ in value(under: target).bytes }
    }

    private mutating func nodes(upTo count: Int) -> [NodeInfo] {
        (0..<source.index(below: count + 1)).map { _ in peer() }
    }

    private mutating func token(for peer: NodeInfo) -> Token {
        switch source.byte() % 8 {
        case 0: return Token(bits: Bits160(high: 1, middle: 2, low: 3))
        case 1: return model.tokens.isEmpty ? Token(bits: .zero) : source.choice(model.tokens).token
        default:
            let own = model.tokens.last { $0.peer == peer }
            return own?.token ?? Token(bits: .zero)
        }
    }

    private mutating func requestID() -> RequestID {
        RequestID(source.byte() < 250 ? UInt32(source.integer(UInt16.self)) : source.integer(UInt32.self))
    }

    // MARK: Messages

    private mutating func request(from peer: NodeInfo) -> Message {
        let id = requestID()
        let target = target()
        switch source.byte() % 8 {
        case 0: return .pingRequest(PingRequest(id: id))
        case 1, 2:
            return .storeRequest(
                StoreRequest(id: id, token: token(for: peer), target: target, values: values(upTo: 9, under: target)))
        case 3, 4:
            let offset = source.byte() < 200 ? 0 : source.integer(UInt32.self)
            return .findRequest(
                FindRequest(id: id, lan: address(), target: target, offset: offset, wantsNodes: source.flag()))
        case 5:
            let target = source.byte() < 200 ? Target(bits: peer.publicKey.mid.bits) : target
            return .storePeerRequest(StorePeerRequest(id: id, token: token(for: peer), target: target))
        case 6: return .connectPeerRequest(ConnectPeerRequest(id: id, lan: address(), target: target))
        default: return introductionRequest()
        }
    }

    private mutating func introductionRequest() -> Message {
        .introductionRequest(
            IntroductionRequest(
                style: source.flag() ? .old : .new, globalTime: source.integer(UInt64.self), destination: address(),
                sourceLAN: address(), sourceWAN: address(), flags: .init(rawValue: source.byte()),
                identifier: source.integer(UInt16.self), extra: source.take(Int(source.byte() & 3))))
    }

    /// Any message, requested or not.
    mutating func message() -> Message {
        let id = requestID()
        let target = target()
        let message: Message
        switch source.byte() % 9 {
        case 0: message = .pingResponse(PingResponse(id: id))
        case 1: message = .storeResponse(StoreResponse(id: id))
        case 2:
            message = .findResponse(
                FindResponse(
                    id: id, token: Token(bits: .zero), values: values(upTo: 9, under: target), nodes: nodes(upTo: 9)))
        case 3: message = .storePeerResponse(StorePeerResponse(id: id))
        case 4: message = .connectPeerResponse(ConnectPeerResponse(id: id, nodes: nodes(upTo: 3)))
        case 5: message = introductionResponse(UInt16(truncatingIfNeeded: id.number))
        case 6, 7:
            message = .punctureRequest(
                PunctureRequest(
                    style: source.flag() ? .old : .new, globalTime: 1, walkerLAN: address(), walkerWAN: address(),
                    identifier: source.integer(UInt16.self)))
        default:
            message = .puncture(
                Puncture(
                    style: source.flag() ? .old : .new, globalTime: 1, sourceLAN: address(), walkerWAN: address(),
                    identifier: source.integer(UInt16.self)))
        }
        return message
    }

    private mutating func introductionResponse(_ identifier: UInt16) -> Message {
        .introductionResponse(
            IntroductionResponse(
                style: source.flag() ? .old : .new, globalTime: 1, destination: address(), sourceLAN: address(),
                sourceWAN: address(), introducedLAN: address(), introducedWAN: address(),
                flags: .init(rawValue: source.byte()), identifier: identifier))
    }

    private mutating func answer(to request: Message) -> Message? {
        switch request {
        case .pingRequest(let request): return .pingResponse(PingResponse(id: request.id))
        case .storeRequest(let request): return .storeResponse(StoreResponse(id: request.id))
        case .storePeerRequest(let request): return .storePeerResponse(StorePeerResponse(id: request.id))
        case .findRequest(let request):
            return .findResponse(
                FindResponse(
                    id: request.id, token: Token(bits: Bits160(high: 9, middle: 9, low: UInt32(source.byte()))),
                    values: values(upTo: 9, under: request.target), nodes: nodes(upTo: 9)))
        case .connectPeerRequest(let request):
            return .connectPeerResponse(ConnectPeerResponse(id: request.id, nodes: nodes(upTo: 3)))
        case .introductionRequest(let request): return introductionResponse(request.identifier)
        default: return nil
        }
    }

    // MARK: Deliveries

    mutating func receive(_ message: Message, from peer: NodeInfo) throws(Violation) {
        try receive(Forgery.packet(message, from: peer.publicKey), from: peer.address)
    }

    mutating func receiveRequest() throws(Violation) {
        let peer = peer()
        var bytes = Forgery.packet(request(from: peer), from: peer.publicKey)
        if source.byte() > 250 { bytes[bytes.count - 1] ^= 1 }
        try receive(bytes, from: peer.address)
    }

    /// Answers one of the node's requests, usually correctly.
    mutating func answerRequest() throws(Violation) {
        guard !asked.isEmpty else { return }
        // The youngest first, because the oldest are overdue.
        let place = asked.count - 1 - source.index(below: min(asked.count, 256))
        let (request, address) = asked[place]
        guard let message = answer(to: request) else { return }
        let mood = source.byte()
        if mood < 240 { asked.remove(at: place) }
        let number = Cast.peers.indices.first { Cast.home($0, isLoopback: isLoopback) == address }
        let key = mood > 200 ? source.choice(Cast.peers) : Cast.peers[number ?? Int(mood) % Cast.peers.count]
        var bytes = Forgery.packet(message, from: key)
        if mood == 199 { bytes[bytes.count - 1] ^= 1 }
        try receive(bytes, from: mood == 198 ? self.address() : address)
    }

    /// Many requests at once, by one peer or by many.
    mutating func receiveBurst() throws(Violation) {
        let count = source.byte() & 31
        let isOne = source.flag()
        var sender = peer()
        let kind = source.byte() % 3
        for number in 0..<count {
            if !isOne { sender = peer() }
            let id = RequestID(UInt32(number) + 40_000)
            let message: Message =
                switch kind {
                case 0: .pingRequest(PingRequest(id: id))
                case 1: .findRequest(FindRequest(id: id, lan: .none, target: Cast.targets[0], wantsNodes: true))
                default:
                    .punctureRequest(
                        PunctureRequest(
                            style: .old, globalTime: UInt64(number), walkerLAN: .none,
                            walkerWAN: Cast.home(3, isLoopback: isLoopback), identifier: 7))
                }
            try receive(message, from: sender)
            try finishEverything()
        }
    }

    /// The same datagram again, from the same address or another.
    mutating func repeatDatagram() throws(Violation) {
        guard !datagrams.isEmpty else { return }
        var (bytes, address) = source.choice(datagrams)
        switch source.byte() % 4 {
        case 0: address = self.address()
        case 1:
            let place = Int(source.integer(UInt16.self)) % max(1, bytes.count)
            if bytes.indices.contains(place) { bytes[place] ^= source.byte() }
        case 2: bytes = Array(bytes.prefix(Int(source.integer(UInt16.self)) % max(1, bytes.count)))
        default: break
        }
        try receive(bytes, from: address)
    }

    mutating func receiveNoise() throws(Violation) {
        let selector = source.byte()
        if callsLocalNetwork, selector & 7 == 7 { return try receive(LocalCall.bytes, from: address()) }
        let payload = source.take(Int(source.byte()))
        try receive(PacketTarget.datagram(from: [selector] + payload), from: address())
    }
}
