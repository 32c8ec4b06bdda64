internal import IPv8
internal import Kademlia

/// What the node does for others: finds values and nodes for them, and keeps their values.
///
/// A find request is answered with values once they are read, or with the closest nodes if there are none. A store request is
/// answered once its values are durable, and only then. Both take a token that was given to the same peer at the same
/// address.
struct Serving: Sendable {
    private var mint: TokenMint
    private var reads = ReadBudget()
    private let servedFor: Duration

    private static let neighboursConsidered = 20

    init(_ configuration: NodeConfiguration, at now: Instant) {
        mint = TokenMint(secrets: configuration.tokenSecrets, at: now)
        servedFor = configuration.servedFor
    }

    // MARK: Tokens

    var tokenSecretCount: Int { mint.secrets.count }

    mutating func rotateTokenSecret(_ turn: inout Turn) {
        if mint.needsSecret(at: turn.now) { turn.append(.drawTokenSecret) }
    }

    mutating func secretDrawn(_ bytes: [UInt8], _ turn: inout Turn) {
        mint.add(TokenSecret(bytes: bytes, drawnAt: turn.now))
        turn.append(.saveTokenSecrets(mint.secrets))
    }

    /// Why a request is refused that needs no check of signatures for that.
    func refusal(of message: Message, from sender: NodeInfo, at now: Instant) -> DropReason.Refusal? {
        let token: Token
        switch message {
        case .storeRequest(let request):
            if request.values.count > StoreRequest.valueCountMax { return .tooManyValues }
            token = request.token
        case .storePeerRequest(let request):
            if request.target.bits != sender.publicKey.mid.bits { return .foreignMid }
            token = request.token
        default:
            return nil
        }
        return mint.isValid(token, from: sender.publicKey.mid, at: sender.address, now: now) ? nil : .badToken
    }

    // MARK: Find

    mutating func find(
        _ request: FindRequest, for asker: NodeInfo, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        guard !request.wantsNodes else {
            return answer(request, of: asker, with: [], &overlay, &requests, &turn)
        }
        let isContact = overlay.isContact(asker)
        guard isContact || reads.haveRoom(at: turn.now),
            let id = turn.begin(
                .find(request, from: asker, arrivedAt: turn.requestArrivedAt), in: isContact ? .known : .strangers)
        else { return turn.drop(.overloaded) }
        turn.append(.load(id, target: request.target, offset: Int(request.offset), limit: FindResponse.valueCountMax))
    }

    /// Charges a read of values to those it was for.
    mutating func noteRead(in lane: Lane, took time: Duration, at now: Instant) {
        if lane == .strangers { reads.charge(time, at: now) }
    }

    /// Answers with values, or with the closest nodes if there are none, the first of which punctures the asker.
    mutating func answer(
        _ request: FindRequest, of asker: NodeInfo, with values: [[UInt8]], _ overlay: inout Overlay,
        _ requests: inout Requests, _ turn: inout Turn
    ) {
        guard let token = mint.token(for: asker.publicKey.mid, at: asker.address) else {
            return turn.drop(.overloaded)
        }
        let nodes = values.isEmpty ? overlay.closest(to: request.target, for: asker, at: turn.now) : []
        let response = Message.findResponse(FindResponse(id: request.id, token: token, values: values, nodes: nodes))
        guard overlay.mayAnswer(asker, response, &requests, &turn) else { return }
        if let closest = nodes.first {
            turn.requestPuncture(
                by: closest, ofLAN: request.lan, wan: asker.address, UInt16(truncatingIfNeeded: request.id.number))
        }
        turn.send(response, to: asker)
    }

    // MARK: Store

    mutating func store(
        _ entries: [Entry], _ request: StoreRequest, from sender: NodeInfo, _ overlay: inout Overlay,
        _ requests: inout Requests, _ turn: inout Turn
    ) {
        guard !entries.isEmpty else {
            return overlay.answer(
                sender, .storeResponse(StoreResponse(id: request.id)), &requests, &turn)
        }
        let lane: Lane = overlay.isContact(sender) ? .known : .strangers
        guard let id = turn.begin(.store(request.id, from: sender, arrivedAt: turn.requestArrivedAt), in: lane) else {
            return turn.drop(.overloaded)
        }
        let intent = StoreChange(
            target: request.target, entries: entries,
            expiresAt: turn.now + servingTime(of: request.target, in: sender.address.family, &overlay, at: turn.now),
            provenance: .received(from: sender.publicKey.mid, at: sender.address))
        turn.append(.commit(id, intent))
    }

    /// Answers a store request once its values are durable, or were refused.
    mutating func committed(
        _ id: RequestID, of sender: NodeInfo, _ outcome: CommitOutcome, _ overlay: inout Overlay,
        _ requests: inout Requests, _ turn: inout Turn
    ) {
        switch outcome {
        case .held, .superseded:
            overlay.answer(sender, .storeResponse(StoreResponse(id: id)), &requests, &turn)
        case .refused: turn.drop(.noRoom)
        case .failed: turn.drop(.archiveFailed)
        }
    }

    /// Keeps a copy here of what a search found, so that a value comes nearer to where it is looked for. Nobody waits for it.
    mutating func keepCopies(
        of discoveries: [Findings.Discovery], under target: Target, _ overlay: inout Overlay, _ turn: inout Turn
    ) {
        for discovery in discoveries {
            guard let commit = turn.begin(.copy) else { return }
            let holder = discovery.holder
            let served = turn.now + servingTime(of: target, in: holder.address.family, &overlay, at: turn.now)
            let intent = StoreChange(
                target: target, entries: [discovery.entry], expiresAt: min(served, discovery.expiry),
                provenance: .received(from: holder.publicKey.mid, at: holder.address))
            turn.append(.commit(commit, intent))
        }
    }

    /// How long a value that is stored here now is served: the configured time, halved for each node beyond the seventh that
    /// is closer to the target than we are. That keeps values from spreading over half of the overlay. Of one network only
    /// its share counts, or whoever has one could have others' values forgotten.
    func servingTime(
        of target: Target, in family: AddressFamily, _ overlay: inout Overlay, at now: Instant
    ) -> Duration {
        guard let closerCount = overlay.closerCount(to: target, in: family, at: now) else { return servedFor }
        let closer = min(closerCount, Serving.neighboursConsidered)
        return servedFor / (1 << max(0, closer - Bucket.sizeMax + 1))
    }
}

/// How much processor time may go into reading values for strangers. Contacts are not limited here: each may ask ten times in five
/// seconds.
///
/// What a read takes is known afterwards: a key that has a thousand values costs more than one that nobody has stored anything
/// under. Reads that are under way when the time is used up are still done; their number is bounded by ``Continuations``.
///
/// Waiting for a slow disk is not counted. It takes no processor, and a node that turned finds away because of it would sit idle.
struct ReadBudget: Sendable {
    private var fullAt = Instant.distantPast

    /// The share of one thread's time.
    static let share = 0.25
    /// How much of that may be used at once, in time that passes meanwhile.
    private static let burst: Duration = .milliseconds(500)

    /// Whether any time is left.
    func haveRoom(at now: Instant) -> Bool { fullAt - now < ReadBudget.burst }

    /// Takes the time that a read has used.
    mutating func charge(_ time: Duration, at now: Instant) { fullAt = max(fullAt, now) + time / ReadBudget.share }
}
