internal import IPv8
internal import Kademlia

/// The way of a datagram: to the check of its signatures, and after it to the machine that it is for.
extension Node {
    mutating func receive(_ bytes: [UInt8], from source: Address, to host: IPAddress?) {
        turn.counters.datagramsReceived += 1
        guard !gatekeeper.isBanned(source.host, at: turn.now) else { return turn.drop(.banned) }
        if bytes == LocalCall.bytes { return overlay.answerCall(from: source, &requests, &turn) }
        do throws(WireError) {
            let packet = try Packet(decoding: bytes)
            guard source.isReachable, turn.sockets.has(source.family) else { return turn.drop(.badSource) }
            screen(packet, from: source, to: host)
        } catch {
            turn.drop(.undecodable(error))
        }
    }

    private mutating func screen(_ packet: Packet, from source: Address, to host: IPAddress?) {
        let kind = packet.message.kind
        guard let key = packet.sender else {
            guard case .punctureRequest(let request) = packet.message else { return }
            return overlay.puncture(request, kind, from: source, to: host, &turn)
        }
        let sender = NodeInfo(address: source, publicKey: key)
        guard key.mid != identity.mid else { return screenOwn(packet, from: sender, to: host) }
        if let refusal = refusal(of: packet.message, from: sender) { return turn.drop(refusal) }
        // A puncture has done its work by arriving; nothing follows from what it says.
        if kind.role == .signal { return turn.counters.received[kind.rawValue, default: 0] += 1 }
        let isContact = kind.role != .response && overlay.isContact(sender)
        gatekeeper.check(packet, by: sender, to: host, isContact: isContact, &requests, &turn)
    }

    /// A packet with this node's own key was sent by this node, sent back to it or forged by somebody, or sent by another node with
    /// the same key: a twin. Only a twin can answer a new ping, because this node does not answer its own.
    private mutating func screenOwn(_ packet: Packet, from sender: NodeInfo, to host: IPAddress?) {
        guard !turn.sockets.mayHaveSent(from: sender.address), !overlay.isExternal(sender.address) else {
            return turn.drop(.ownPacket)
        }
        switch packet.message {
        case .pingResponse(let response)
        where requests.isPingToTwin(response.id) && awaitedRequest(of: packet.message, from: sender) != nil:
            return gatekeeper.check(packet, by: sender, to: host, isContact: false, &requests, &turn)
        case .pingRequest(let request) where !requests.isPingToTwin(request.id):
            // It may come from a twin that wants to know whether this node is one.
            if let refusal = refusal(of: packet.message, from: sender) { return turn.drop(refusal) }
            gatekeeper.check(packet, by: sender, to: host, isContact: false, &requests, &turn)
        default: turn.drop(.ownPacket)
        }
        if gatekeeper.mayLookForTwin(at: turn.now) { requests.pingTwin(sender, &turn) }
    }

    /// Why a packet deserves no check of its signatures; `nil` if it does.
    private func refusal(of message: Message, from sender: NodeInfo) -> DropReason.Refusal? {
        switch message.kind.role {
        case .query, .discovery:
            gatekeeper.isBlocked(sender, for: message.kind.role, at: turn.now)
                ? .floodLimit : serving.refusal(of: message, from: sender, at: turn.now)
        case .response: awaitedRequest(of: message, from: sender) == nil ? .unmatchedResponse : nil
        case .signal: nil
        }
    }

    /// The request that a response belongs to.
    private func awaitedRequest(of message: Message, from sender: NodeInfo) -> RequestID? {
        guard let id = message.responseID, let kind = Request.Kind(answeredBy: message.kind),
            requests.expects(id, kind, from: sender, isContact: overlay.isContact(sender))
        else { return nil }
        return id
    }

    // MARK: After the check

    mutating func signaturesChecked(_ id: WorkID, _ verdict: SignatureVerdict) {
        guard let check = turn.takeCheck(id) else { return }
        gatekeeper.checkEnded(check, &requests, at: turn.now)
        guard verdict.packetIsAuthentic else { return turn.drop(.badSignature) }
        if let host = check.host { turn.sockets.note(check.sender, reached: host) }
        let authentic = zip(check.entries, verdict.entriesAreAuthentic).filter(\.1).map(\.0)
        switch check.packet.message.kind.role {
        case .query, .discovery: take(check, authentic)
        case .response: settle(check, authentic)
        case .signal: return
        }
    }

    /// Takes an authentic request.
    private mutating func take(_ check: Continuations.Check, _ authentic: [Entry]) {
        let message = check.packet.message
        let sender = check.sender
        if case .storeRequest = message, authentic.count < check.entries.count {
            return turn.drop(.badEntrySignature)
        }
        let knownAddress = overlay.knownAddress(of: sender)
        let isStranger = knownAddress == nil && !overlay.isExempt(sender.address)
        guard gatekeeper.admit(check.packet, from: sender, isStranger: isStranger, &turn) else { return }
        turn.counters.received[message.kind.rawValue, default: 0] += 1
        if sender.publicKey.mid == identity.mid {
            guard case .pingRequest(let request) = message else { return }
            return turn.send(.pingResponse(PingResponse(id: request.id)), to: sender.address, from: nil)
        }
        peersByKey.noteSign(of: sender, at: turn.now)
        overlay.noteQuery(from: sender, knownAt: knownAddress, &requests, &turn)
        turn.requestArrivedAt = check.arrivedAt
        let workCount = turn.workCount
        answer(message, from: sender, authentic)
        // Finds and stores are done with once the archive has answered.
        if turn.workCount == workCount { turn.noteHandled(message.kind, arrivedAt: check.arrivedAt) }
    }

    private mutating func answer(_ message: Message, from sender: NodeInfo, _ authentic: [Entry]) {
        switch message {
        case .pingRequest(let request):
            overlay.answer(sender, .pingResponse(PingResponse(id: request.id)), &requests, &turn)
        case .findRequest(let request): serving.find(request, for: sender, &overlay, &requests, &turn)
        case .storeRequest(let request):
            // The token went to that address.
            overlay.noteProof(of: sender, at: turn.now)
            serving.store(authentic, request, from: sender, &overlay, &requests, &turn)
        case .introductionRequest(let request): overlay.introduce(sender, request, &requests, &turn)
        case .storePeerRequest(let request):
            overlay.noteProof(of: sender, at: turn.now)
            peersByKey.store(request, from: sender, &overlay, &requests, &turn)
        case .connectPeerRequest(let request): peersByKey.connect(request, from: sender, &overlay, &requests, &turn)
        case .pingResponse, .findResponse, .storeResponse, .introductionResponse, .storePeerResponse,
            .connectPeerResponse, .punctureRequest, .puncture:
            return
        }
    }

    /// Takes an authentic response to the request that it belongs to.
    private mutating func settle(_ check: Continuations.Check, _ authentic: [Entry]) {
        let message = check.packet.message
        turn.counters.valuesSkipped += check.entries.count - authentic.count
        guard let id = awaitedRequest(of: message, from: check.sender), let request = requests.takeAnswered(id),
            let sentAt = request.sentAt
        else { return turn.drop(.unmatchedResponse) }
        turn.counters.received[message.kind.rawValue, default: 0] += 1
        if case .twin = request.purpose { return gatekeeper.noteTwin(at: request.address, at: turn.now) }
        // It is where it was asked, wherever it answers from: the request has come to it there.
        let sender = NodeInfo(address: request.address, publicKey: check.sender.publicKey)
        let roundTrip = turn.now - sentAt
        turn.counters.roundTrips[message.kind.rawValue, default: DurationCounts()].add(roundTrip)
        requests.note(roundTrip, of: request.kind)
        peersByKey.noteAnswer(from: sender, at: turn.now)
        overlay.noteAnswer(from: sender, to: request.kind, after: roundTrip, &requests, &turn)
        let answer = Answer(
            message: message, entries: authentic, sender: sender, source: check.sender.address, roundTrip: roundTrip)
        settle(request, with: answer)
    }
}
