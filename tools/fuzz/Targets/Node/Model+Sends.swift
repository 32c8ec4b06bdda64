import DHTCore
import IPv8
import Kademlia

/// The messages that are allowed, and their receivers.
extension Model {
    /// The limit of peers: the reference drops more than 10 requests in 5 seconds.
    private static let requestsMax = 10
    private static let requestsInterval: Duration = .seconds(5)
    private static let tokenLifetime: Duration = .seconds(600)

    mutating func sent(
        _ message: Message, to address: Address, by node: DHTCore.Node, at now: Instant
    ) throws(Violation) {
        try checkForm(message, to: address, by: node)
        switch message {
        case .pingRequest, .storeRequest, .findRequest, .storePeerRequest, .connectPeerRequest:
            try checkPace(to: address, at: now)
            noteRequest(message, to: address, at: now)
        case .introductionRequest: noteRequest(message, to: address, at: now)
        case .pingResponse: try settlePing(message, to: address, at: now)
        case .storeResponse: try checkAcknowledgement(message, to: address)
        case .findResponse(let response): try check(response, to: address, by: node, at: now)
        case .storePeerResponse: try checkRegistration(message, to: address)
        case .connectPeerResponse(let response):
            _ = try settle(message, to: address, { _ in true })
            try require(
                response.nodes.allSatisfy(registered.contains), "a peer is told of that never asked to be remembered")
        case .introductionResponse(let response): try check(response, to: address, by: node)
        case .punctureRequest: try checkPunctureRequest(to: address, by: node)
        case .puncture: try checkPuncture(to: address)
        }
    }

    /// The datagram goes to a possible address, is not too long, and decodes to its message.
    private func checkForm(_ message: Message, to address: Address, by node: DHTCore.Node) throws(Violation) {
        try require(address.isReachable, "a message to \(address), where nobody can be")
        let endpoint = node.endpoints.first { $0.listenAddress.family == address.family }
        try require(endpoint != nil, "a message to \(address) without a socket of its family")
        try require(
            endpoint?.listenAddress.host.isLoopback == address.host.isLoopback
                || endpoint?.listenAddress.host.isLoopback == false, "a message from loopback to \(address)")
        let bytes = Forgery.packet(message, from: Cast.own)
        guard let packet = try? Packet(decoding: bytes) else {
            throw Violation("a message of \(bytes.count) bytes that cannot be read: \(message)")
        }
        // A puncture works by passing through; the old style cannot name IPv6 addresses.
        if case .puncture = message { return }
        try require(packet.message == message, "a message that reads as another one: \(message)")
    }

    /// Peers do not limit introductions, which are not requests of the DHT.
    private mutating func checkPace(to address: Address, at now: Instant) throws(Violation) {
        var times = (askedAt[address] ?? []).filter { now - $0 < Model.requestsInterval }
        times.append(now)
        askedAt[address] = times
        try require(
            times.count <= Model.requestsMax, "\(times.count) requests to \(address) within 5 seconds")
    }

    // MARK: Answers

    /// Only a store with a token of ours and only authentic, durable values is acknowledged.
    private mutating func checkAcknowledgement(_ message: Message, to address: Address) throws(Violation) {
        let (tokens, disk) = (tokens, disk)
        _ = try settle(message, to: address) { received in
            guard case .storeRequest(let request) = received.message else { return false }
            return Model.isValid(request.token, tokens, for: received)
                && request.values.count <= 8
                && request.values.allSatisfy { value in
                    guard let entry = try? Entry(bytes: value), Forgery.isAuthentic(entry) else { return false }
                    return disk.holds(entry, under: request.target)
                }
        }
    }

    private mutating func checkRegistration(_ message: Message, to address: Address) throws(Violation) {
        let tokens = tokens
        let request = try settle(message, to: address) { received in
            guard case .storePeerRequest(let request) = received.message else { return false }
            return Model.isValid(request.token, tokens, for: received)
                && request.target.bits == received.peer.publicKey.mid.bits
        }
        noteRegistered(request.peer)
    }

    private static func isValid(_ token: Token, _ tokens: [GivenToken], for request: ReceivedRequest) -> Bool {
        tokens.contains {
            $0.token == token && $0.peer == request.peer && request.at - $0.at <= tokenLifetime
        }
    }

    /// Values that the disk has just read, or nodes that are contacts and not the requester.
    private mutating func check(
        _ response: FindResponse, to address: Address, by node: DHTCore.Node, at now: Instant
    ) throws(Violation) {
        let loaded = loaded
        let request = try settle(.findResponse(response), to: address) { received in
            guard case .findRequest(let request) = received.message else { return false }
            if response.values.isEmpty { return request.wantsNodes || loaded?.target == request.target }
            return !request.wantsNodes && loaded?.target == request.target
        }
        if !response.values.isEmpty {
            try require(response.values == loaded?.values, "other values are served than are held")
            try require(response.nodes.isEmpty, "values and nodes in one answer")
        }
        try require(response.values.count <= 8 && response.nodes.count <= 8, "an answer that is too long")
        let contacts = Set(node.contacts.map(\.node))
        try require(response.nodes.allSatisfy(contacts.contains), "a node is told of that is no contact")
        let asker = NodeID(host: address.host, mid: request.peer.publicKey.mid)
        try require(
            !response.nodes.contains { NodeID(host: $0.address.host, mid: $0.publicKey.mid) == asker },
            "the asker is told of itself")
        noteToken(response.token, for: request.peer, at: now)
    }

    private mutating func check(
        _ response: IntroductionResponse, to address: Address, by node: DHTCore.Node
    ) throws(Violation) {
        _ = try settle(.introductionResponse(response), to: address, { _ in true })
        try require(response.destination == address, "\(address) is told that it is \(response.destination)")
    }

    // MARK: Punctures

    private func checkPunctureRequest(to address: Address, by node: DHTCore.Node) throws(Violation) {
        let isKnown =
            node.contacts.contains { $0.node.address == address } || registered.contains { $0.address == address }
        try require(isKnown, "\(address) is to puncture, and nobody knows it")
    }

    private mutating func checkPuncture(to address: Address) throws(Violation) {
        let count = punctureTargets[address, default: 0]
        try require(count > 0, "a puncture to \(address), which nobody named")
        punctureTargets[address] = count - 1
    }
}
