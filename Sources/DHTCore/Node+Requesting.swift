internal import IPv8
internal import Kademlia

/// Requests of our own: paced, sent, and then answered or overdue.
extension Node {
    /// What an answer says to whoever asked.
    enum Answer {
        case pong
        case found(FindResponse, [Entry])
        case stored
        case connected([NodeInfo])
        case introduced(IntroductionResponse)
    }

    /// Sends a request now, or as soon as its peer accepts another one. Returns whether it will be sent.
    @discardableResult
    mutating func submit(_ request: Request, at now: Instant, into effects: inout [Effect]) -> Bool {
        guard !requests.isFull, canReach(request.address) else { return false }
        var sendAt = now
        if request.kind != .introduction {
            guard let slot = pacer.reserve(request.address, at: now) else { return false }
            sendAt = slot
        }
        guard sendAt <= now else {
            counters.paced += 1
            if isBudgeted(request) { upkeep.promise() }
            _ = requests.add(request, firstDeadline: sendAt, using: &generator)
            return true
        }
        return transmitNow(request, at: now, into: &effects)
    }

    /// Sends a request that its peer accepts, without asking the pacer. Returns whether it was sent.
    mutating func transmitNow(_ request: Request, at now: Instant, into effects: inout [Effect]) -> Bool {
        guard !requests.isFull, canReach(request.address) else { return false }
        if isBudgeted(request) { upkeep.spend(at: now) }
        var sent = request
        sent.sentAt = now
        let id = requests.add(sent, firstDeadline: now + request.kind.patience, using: &generator)
        transmit(sent, id, into: &effects)
        return true
    }

    /// Whether a request is counted against what upkeep may send.
    func isBudgeted(_ request: Request) -> Bool {
        guard upkeep.isEnabled else { return false }
        return switch request.purpose {
        case .republication: true
        case .lookup(let id), .page(let id), .puncture(let id, _): lookups[id]?.isUpkeep ?? false
        case .upkeep, .walk, .command, .publication, .ownRecord, .connection, .knownAddress: false
        }
    }

    private mutating func transmit(_ request: Request, _ id: RequestID, into effects: inout [Effect]) {
        guard let lan = families[request.address.family]?.lan else { return }
        let message: Message =
            switch request.body {
            case .ping: .pingRequest(PingRequest(id: id))
            case .find(let target, let offset, let wantsNodes):
                .findRequest(
                    FindRequest(id: id, lan: lan, target: target, offset: offset, wantsNodes: wantsNodes))
            case .store(let token, let target, let values):
                .storeRequest(StoreRequest(id: id, token: token, target: target, values: values))
            case .storePeer(let token, let target):
                .storePeerRequest(StorePeerRequest(id: id, token: token, target: target))
            case .connectPeer(let target):
                .connectPeerRequest(ConnectPeerRequest(id: id, lan: lan, target: target))
            case .introduction: .introductionRequest(introductionRequest(id, to: request.address, from: lan))
            }
        send(message, to: request.address, from: path(of: request), into: &effects)
    }

    /// The host of ours that a request leaves from: where its peer found us, if we know who that is.
    private func path(of request: Request) -> IPAddress? {
        guard families[request.address.family]?.listensOnAllHosts == true,
            let key = request.publicKey ?? contact(at: request.address)?.publicKey
        else { return nil }
        return path(to: NodeInfo(address: request.address, publicKey: key))
    }

    private mutating func introductionRequest(
        _ id: RequestID, to address: Address, from lan: Address
    ) -> IntroductionRequest {
        // A peer that prefers to answer us over IPv6 cannot do so in the old style.
        let oldFlags: IntroductionRequest.Flags = families.present.count > 1 ? [.advice, .wantsNewStyle] : .advice
        return IntroductionRequest(
            style: address.family == .ipv4 ? .old : .new, globalTime: claimGlobalTime(), destination: address,
            sourceLAN: lan, sourceWAN: families[address.family]?.wan ?? .none,
            flags: address.family == .ipv4 ? oldFlags : [], identifier: UInt16(truncatingIfNeeded: id.number))
    }

    /// Takes an authentic answer to the request that it belongs to.
    mutating func settle(
        _ id: RequestID, _ kind: Request.Kind, from sender: NodeInfo, with answer: Answer, _ message: Message,
        at now: Instant, into effects: inout [Effect]
    ) {
        // Since the packet came in, the request may have been answered or given up.
        guard isAwaited(id, kind, from: sender.publicKey, at: sender.address), let request = requests[id],
            let sentAt = request.sentAt
        else { return drop(.unmatchedResponse) }
        requests.remove(id)
        counters.received[message.id, default: 0] += 1
        // It is where it was asked, wherever it answers from: the request has come to it there.
        let source = sender.address
        let sender = NodeInfo(address: request.address, publicKey: sender.publicKey)
        noteAnswer(from: sender, to: request.kind, after: now - sentAt, at: now, into: &effects)
        switch (request.purpose, answer) {
        case (.walk, .introduced(let response)):
            learn(from: response, at: source.host, now: now, into: &effects)
        case (.command(let command), .pong):
            complete(command, .pinged(sender.publicKey, roundTrip: now - sentAt), into: &effects)
        case (.lookup(let lookup), .found(let response, let entries)):
            lookupAnswered(lookup, by: sender, response, entries, at: now, into: &effects)
        case (.page(let lookup), .found(let response, let entries)):
            pageAnswered(lookup, by: sender, response, entries, after: request, at: now, into: &effects)
        case (.puncture(let lookup, let node), _):
            ask(node, for: lookup, at: now, into: &effects)
        case (.publication(let publication), .stored):
            publicationAnswered(publication, at: now, into: &effects)
        case (.republication(let run, let target, let first), .stored):
            republicationEnded(run, target, first, acknowledgedBy: sender)
        case (.ownRecord, .stored):
            ownRecord.confirmed(by: sender, at: now)
        case (.connection(let connection), _):
            connectionAnswered(connection, by: sender, answer, at: now, into: &effects)
        case (.knownAddress(let command, let mid), .pong):
            if sender.publicKey.mid == mid {
                complete(command, .connected([sender]), into: &effects)
            } else {
                knownAddressFailed(command, mid, at: now, into: &effects)
            }
        default:
            return
        }
    }

    /// Whether there is a request that an answer belongs to.
    func isAwaited(_ id: RequestID, _ kind: Request.Kind, from sender: PublicKey, at source: Address) -> Bool {
        requests.matches(
            id, kind, from: sender, at: source, isContact: contact(at: source)?.publicKey == sender)
    }

    /// Sends what has waited long enough and gives up what has been waited for long enough.
    mutating func settleRequests(at now: Instant, into effects: inout [Effect]) {
        for (id, request, since) in requests.takeOverdue(at: now) {
            guard request.sentAt == nil else {
                counters.timeouts += 1
                timedOut(request, at: now, into: &effects)
                continue
            }
            let sendAt = pacer.confirm(since, for: request.address, at: now)
            if sendAt <= now {
                if isBudgeted(request) {
                    upkeep.takeBackPromise()
                    upkeep.spend(at: now)
                }
                requests.extend(id, sentAt: now)
                transmit(request, id, into: &effects)
            } else {
                requests.postpone(id, until: sendAt)
            }
        }
    }

    private mutating func timedOut(_ request: Request, at now: Instant, into effects: inout [Effect]) {
        // Peers that have enough contacts leave introduction requests unanswered by design.
        if request.kind != .introduction, let key = request.publicKey ?? contactToPing(request)?.publicKey,
            let sentAt = request.sentAt
        {
            let node = NodeInfo(address: request.address, publicKey: key)
            noteSilence(of: node, askedAt: sentAt, at: now, into: &effects)
        }
        switch request.purpose {
        case .upkeep, .ownRecord: return
        case .walk: walkFailed(request, at: now, into: &effects)
        case .connection(let connection): connectionFailed(connection, request, at: now, into: &effects)
        case .knownAddress(let command, let mid): knownAddressFailed(command, mid, at: now, into: &effects)
        case .command(let command): complete(command, .pingTimedOut, into: &effects)
        case .lookup(let lookup):
            guard let key = request.publicKey else { return }
            lookupFailed(
                lookup, NodeInfo(address: request.address, publicKey: key), at: now, into: &effects)
        case .page(let lookup): pageFailed(lookup, at: now, into: &effects)
        case .puncture(let lookup, let node): ask(node, for: lookup, at: now, into: &effects)
        case .publication(let publication): publicationFailed(publication, at: now, into: &effects)
        case .republication(let run, let target, let first):
            republicationEnded(run, target, first, acknowledgedBy: nil)
        }
    }

    /// A peer that was given to join through has not introduced us to anybody. It may be there all the same, and have so
    /// many contacts that it leaves introductions to others.
    private mutating func walkFailed(_ request: Request, at now: Instant, into effects: inout [Effect]) {
        guard request.kind == .introduction, peers.contains(request.address) else { return }
        let ping = Request(kind: .ping, address: request.address, publicKey: nil, purpose: .walk, body: .ping)
        submit(ping, at: now, into: &effects)
    }

    /// The contact at an address that a user's ping went to. A walk says nothing about who does not answer it: peers
    /// that have enough others leave introduction requests unanswered.
    private func contactToPing(_ request: Request) -> NodeInfo? {
        guard case .command = request.purpose else { return nil }
        return contact(at: request.address)
    }

    private func contact(at address: Address) -> NodeInfo? {
        families[address.family]?.table.contact(at: address)?.node
    }

    mutating func ping(_ node: NodeInfo, at now: Instant, into effects: inout [Effect]) {
        let request = Request(
            kind: .ping, address: node.address, publicKey: node.publicKey, purpose: .upkeep, body: .ping)
        if submit(request, at: now, into: &effects) { ownRecord.pinged(node, at: now) }
    }

    func complete(_ command: CommandID, _ outcome: CommandOutcome, into effects: inout [Effect]) {
        effects.append(.emit(.commandCompleted(command, outcome)))
    }
}
