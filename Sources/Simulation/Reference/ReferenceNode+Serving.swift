package import IPv8
internal import Kademlia

/// Answers to requests.
extension ReferenceNode {
    /// `MAX_NODES_IN_FIND`, `MAX_VALUES_IN_FIND`, `TARGET_NODES`.
    static let nodesMax = 8
    private static let valuesMax = 8
    static let replicasWanted = 8
    /// How many of the closest nodes affect how long a value is stored.
    private static let neighboursMax = 20
    /// With more peers than this, introduction requests are ignored.
    private static let peersMax = 30

    package func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes), signatures.isAuthentic(packet, verifier) else { return }
        guard let sender = packet.sender else {
            if case .punctureRequest(let request) = packet.message { puncture(request, &actions) }
            return
        }
        let node = NodeInfo(address: source, publicKey: sender)
        switch packet.message {
        case .pingRequest(let request): serve(request, of: node, &actions)
        case .findRequest(let request): serve(request, of: node, &actions)
        case .storeRequest(let request): serve(request, of: node, &actions)
        case .storePeerRequest(let request): serve(request, of: node, &actions)
        case .connectPeerRequest(let request): serve(request, of: node, &actions)
        case .introductionRequest(let request): serve(request, of: node, &actions)
        case .pingResponse(let response): answered(.ping, response.id, .pong, &actions)
        case .storeResponse(let response): answered(.store, response.id, .stored, &actions)
        case .storePeerResponse(let response): answered(.storePeer, response.id, .stored, &actions)
        case .findResponse(let response): answered(.find, response.id, .found(response), &actions)
        case .introductionResponse(let response): learn(from: response, of: node, &actions)
        case .connectPeerResponse, .puncture, .punctureRequest: return
        }
    }

    func send(_ message: Message, to destination: Address, _ actions: inout Actions) {
        actions.send(identity.packet(message), to: destination)
    }

    /// Every requester becomes a contact; `nil` if it asks too often.
    private func requester(_ node: NodeInfo, at now: Instant) -> ReferenceContact? {
        let contact: ReferenceContact
        if let known = table?.touch(NodeID(host: node.address.host, mid: node.publicKey.mid), at: now) {
            guard !known.isBlocked(at: now) else { return nil }
            contact = known
        } else {
            let newcomer = ReferenceContact(node)
            contact = addToTable(newcomer, at: now) ?? newcomer
        }
        contact.noteQuery(at: now)
        return contact
    }

    private func serve(_ request: PingRequest, of node: NodeInfo, _ actions: inout Actions) {
        guard requester(node, at: actions.now) != nil else { return }
        peersKept[node.publicKey.mid]?.forEach { $0.noteQuery(at: actions.now) }
        send(.pingResponse(PingResponse(id: request.id)), to: node.address, &actions)
    }

    private func serve(_ request: FindRequest, of node: NodeInfo, _ actions: inout Actions) {
        guard let asker = requester(node, at: actions.now) else { return }
        var response = FindResponse(id: request.id, token: token(for: node, secrets.last ?? []))
        if !request.wantsNodes {
            response.values = store.page(
                of: request.target, offset: Int(request.offset), limit: ReferenceNode.valuesMax
            ).map(\.bytes)
        }
        if response.values.isEmpty {
            response.nodes =
                table?.closest(to: request.target, count: ReferenceNode.nodesMax, excluding: asker.id)
                .map(\.node) ?? []
            if let first = response.nodes.first {
                askToPuncture(
                    request.lan, node.address, UInt16(truncatingIfNeeded: request.id.number), by: first.address,
                    &actions)
            }
        }
        send(.findResponse(response), to: node.address, &actions)
    }

    private func serve(_ request: StoreRequest, of node: NodeInfo, _ actions: inout Actions) {
        guard requester(node, at: actions.now) != nil, request.values.count <= StoreRequest.valueCountMax,
            isValid(request.token, from: node)
        else { return }
        let entries = request.values.compactMap { try? Entry(bytes: $0) }
        guard entries.count == request.values.count else { return }
        // A value is stored for a shorter time if more nodes are closer.
        let own = Distance(ownID, request.target)
        let closer = table?.closest(to: request.target, count: ReferenceNode.neighboursMax)
            .count { Distance($0.id, request.target) < own }
        let halvings = max(0, (closer ?? 0) - ReferenceNode.replicasWanted + 1)
        let age = Duration.seconds(3600 >> halvings)
        for entry in entries where signatures.isAuthentic(entry, verifier) {
            store.put(entry, under: request.target, at: actions.now, ageMax: age)
        }
        send(.storeResponse(StoreResponse(id: request.id)), to: node.address, &actions)
    }

    private func serve(_ request: StorePeerRequest, of node: NodeInfo, _ actions: inout Actions) {
        guard isValid(request.token, from: node), request.target.bits == node.publicKey.mid.bits else { return }
        let mid = node.publicKey.mid
        if peersKept[mid]?.contains(where: { $0.mid == mid }) != true {
            let contact = ReferenceContact(node)
            contact.noteQuery(at: actions.now)
            peersKept[mid, default: []].append(contact)
        }
        send(.storePeerResponse(StorePeerResponse(id: request.id)), to: node.address, &actions)
    }

    private func serve(_ request: ConnectPeerRequest, of node: NodeInfo, _ actions: inout Actions) {
        let kept = (peersKept[Mid(bits: request.target.bits)] ?? []).prefix(ReferenceNode.nodesMax)
        let identifier = UInt16(truncatingIfNeeded: request.id.number)
        for contact in kept {
            askToPuncture(request.lan, node.address, identifier, by: contact.node.address, &actions)
        }
        let response = ConnectPeerResponse(id: request.id, nodes: kept.map(\.node))
        send(.connectPeerResponse(response), to: node.address, &actions)
    }

    private func serve(_ request: IntroductionRequest, of node: NodeInfo, _ actions: inout Actions) {
        let contacts = table?.contacts ?? []
        guard contacts.count <= ReferenceNode.peersMax else { return }
        let introduced = contacts.filter { $0.mid != node.publicKey.mid }.randomElement(using: &actions.generator)
        let style: IntroductionStyle =
            request.style == .new || request.flags.contains(.wantsNewStyle) ? .new : .old
        let response = IntroductionResponse(
            style: style, globalTime: claimGlobalTime(), destination: node.address, sourceLAN: address,
            sourceWAN: wan ?? .none, introducedLAN: .none, introducedWAN: introduced?.node.address ?? .none,
            flags: style == .old ? .speaksNewStyle : [], identifier: request.identifier)
        if let introduced {
            askToPuncture(
                request.destination, node.address, request.identifier, by: introduced.node.address, &actions)
        }
        send(.introductionResponse(response), to: node.address, &actions)
        discovered(node, &actions)
    }

    private func askToPuncture(
        _ lan: Address, _ wan: Address, _ identifier: UInt16, by helper: Address, _ actions: inout Actions
    ) {
        let request = PunctureRequest(
            style: .old, globalTime: claimGlobalTime(), walkerLAN: lan, walkerWAN: wan, identifier: identifier)
        send(.punctureRequest(request), to: helper, &actions)
    }

    private func puncture(_ request: PunctureRequest, _ actions: inout Actions) {
        let isNeighbour = request.walkerWAN.host == wan?.host
        let puncture = Puncture(
            style: request.style, globalTime: claimGlobalTime(), sourceLAN: address, walkerWAN: request.walkerWAN,
            identifier: request.identifier)
        send(.puncture(puncture), to: isNeighbour ? request.walkerLAN : request.walkerWAN, &actions)
    }

    // MARK: Tokens

    private func token(for node: NodeInfo, _ secret: [UInt8]) -> Token {
        let subject = node.address.host.bytes + node.address.port.bigEndianBytes + node.publicKey.mid.bytes
        return Token(bits: Digest.sha1(subject + secret))
    }

    private func isValid(_ token: Token, from node: NodeInfo) -> Bool {
        secrets.contains { self.token(for: node, $0) == token }
    }
}
