internal import IPv8
internal import Kademlia

/// What follows from an answer to one of our requests, or from silence.
extension Node {
    /// An authentic answer to a request.
    struct Answer {
        let message: Message
        /// The authentic entries in it.
        let entries: [Entry]
        /// Who answered, at the address that was asked.
        let sender: NodeInfo
        /// Where the answer came from.
        let source: Address
        let roundTrip: Duration
    }

    mutating func settle(_ request: Request, with answer: Answer) {
        let sender = answer.sender
        switch (request.purpose, answer.message) {
        case (.walk, .introductionResponse(let response)):
            if overlay.learn(from: response, at: answer.source.host, &turn) { peersByKey.addressChanged() }
        case (.command(let command), .pingResponse):
            turn.complete(command, .pinged(sender.publicKey, roundTrip: answer.roundTrip))
        case (.lookup(let lookup), .findResponse(let response)):
            finish(searches.answered(lookup, by: sender, response, answer.entries, &overlay, &requests, &turn))
        case (.page(let lookup), .findResponse(let response)):
            finish(
                searches.pageAnswered(
                    lookup, by: sender, response, answer.entries, to: request, &overlay, &requests, &turn))
        case (.puncture(let lookup, let node), _):
            // Once its puncture is late, the node has been asked.
            guard !request.isLate else { return }
            finish(searches.ask(node, for: lookup, isBudgeted: request.isBudgeted, &overlay, &requests, &turn))
        case (.publication(let publication), .storeResponse):
            searches.publicationSettled(
                publication, isAcknowledged: true, wasLate: request.isLate, &requests, &turn)
        case (.republication(let run, let target, let first), .storeResponse):
            republisher.storeEnded(run, target, first, acknowledgedBy: sender)
            advance(run: run)
        case (.ownRecord, .storePeerResponse):
            peersByKey.confirmed(by: sender, at: turn.now)
        case (.connection(let connection), .connectPeerResponse(let response)):
            peersByKey.told(response.nodes, by: sender, for: connection, wasLate: request.isLate, &requests, &turn)
        case (.connection(let connection), .pingResponse):
            peersByKey.connected(sender, for: connection, wasLate: request.isLate, &turn)
        case (.knownAddress(let command, let mid), .pingResponse):
            if sender.publicKey.mid == mid {
                turn.complete(command, .connected([sender]))
            } else {
                knownAddressFailed(command, mid)
            }
        default:
            return
        }
    }

    /// Sends the requests that have waited long enough, and gives up those that have not been answered.
    mutating func settleOverdue() {
        for overdue in requests.takeOverdue(at: turn.now) {
            switch overdue.step {
            case .send: requests.sendOrPostpone(overdue, &turn)
            case .goOn: becameLate(overdue.request)
            case .giveUp:
                turn.counters.timeouts += 1
                timedOut(overdue.request)
            }
        }
    }

    /// An answer is late: what waits for it goes on with other nodes. It still counts if it comes.
    private mutating func becameLate(_ request: Request) {
        guard let node = request.node else { return }
        switch request.purpose {
        case .lookup(let lookup): finish(searches.late(lookup, node, &overlay, &requests, &turn))
        case .puncture(let lookup, let punctured):
            finish(searches.ask(punctured, for: lookup, isBudgeted: request.isBudgeted, &overlay, &requests, &turn))
        case .publication(let publication): searches.publicationIsLate(publication, &requests, &turn)
        case .connection(let connection): peersByKey.becameLate(request, for: connection, &requests, &turn)
        case .liveness, .walk, .command, .page, .republication, .ownRecord, .knownAddress, .twin: return
        }
    }

    private mutating func timedOut(_ request: Request) {
        // Peers that have enough contacts leave introduction requests unanswered by design.
        if request.kind != .introduction, let node = silentNode(request), let sentAt = request.sentAt {
            peersByKey.noteSilence(of: node)
            overlay.noteSilence(of: node, askedAt: sentAt, &requests, &turn)
        }
        switch request.purpose {
        case .liveness, .ownRecord, .twin: return
        case .walk: overlay.walkFailed(request, &requests, &turn)
        case .connection(let connection): peersByKey.unanswered(request, for: connection, &requests, &turn)
        case .knownAddress(let command, let mid): knownAddressFailed(command, mid)
        case .command(let command): turn.complete(command, .pingTimedOut)
        case .lookup(let lookup):
            guard let node = request.node else { return }
            finish(searches.failed(lookup, node, &overlay, &requests, &turn))
        case .page(let lookup): finish(searches.pageFailed(lookup, &overlay, &requests, &turn))
        case .puncture(let lookup, let node):
            guard !request.isLate else { return }
            finish(searches.ask(node, for: lookup, isBudgeted: request.isBudgeted, &overlay, &requests, &turn))
        case .publication(let publication):
            searches.publicationSettled(
                publication, isAcknowledged: false, wasLate: request.isLate, &requests, &turn)
        case .republication(let run, let target, let first):
            republisher.storeEnded(run, target, first, acknowledgedBy: nil)
            advance(run: run)
        }
    }

    /// Which node did not answer a request. A request to an address alone says so only if it is a user's ping: then it is the
    /// contact there.
    private func silentNode(_ request: Request) -> NodeInfo? {
        if let key = request.publicKey { return NodeInfo(address: request.address, publicKey: key) }
        guard case .command = request.purpose else { return nil }
        return overlay.contact(at: request.address)
    }
}
