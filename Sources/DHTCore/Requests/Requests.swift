internal import IPv8
internal import Kademlia
internal import Maintenance

/// Requests of our own: paced, sent, and then answered or given up.
///
/// A request waits if its peer has had its share of requests for now. Once sent it is either answered, perhaps late, or
/// given up, so that everything that waits for one ends. Whose request it is, and what follows, is for others to know.
struct Requests: Sendable {
    private var table = RequestTable()
    private var pacer: QueryPacer
    private var budget: MaintenanceBudget
    private var roundTrips = RoundTrips()
    /// The nodes that have lately been late or silent, and have not answered since.
    private var silentNodes = RecentSet<NodeInfo>(turn: .seconds(30))

    init(_ configuration: NodeConfiguration) {
        pacer = QueryPacer(republishLimits: configuration.republishLimits)
        budget = MaintenanceBudget(
            isEnabled: configuration.republishes, requestsPerSecond: configuration.republishLimits.packetsPerSecond)
    }

    var count: Int { table.count }
    /// How many peers are known to have been asked lately.
    var pacedPeerCount: Int { pacer.count }
    var isFull: Bool { table.isFull }
    var silentNodeCount: Int { silentNodes.count }
    var nextDeadline: Instant? { table.nextDeadline }

    // MARK: The budget of maintenance

    /// Whether the requests of maintenance count.
    var limitsMaintenance: Bool { budget.isEnabled }
    /// Whether maintenance may send a request now and, if its node has to be punctured first, one for that.
    var haveRoomForMaintenance: Bool { budget.hasRoom }

    mutating func refillBudget(at now: Instant) { budget.refill(at: now) }
    /// Keeps room in the budget for a request that will be made.
    mutating func promise() { budget.promise() }
    mutating func takeBackPromise() { budget.takeBackPromise() }
    /// Whether a peer takes another republished value now; if so, it counts.
    mutating func admitStore(to address: Address, at now: Instant) -> Bool {
        pacer.admitForRepublishing(address, at: now)
    }

    // MARK: Sending

    /// Sends a request now, or as soon as its peer accepts another one. Returns whether it will be sent.
    @discardableResult
    mutating func submit(_ request: Request, _ turn: inout Turn) -> Bool {
        guard !table.isFull, turn.sockets.reach(request.address) else { return false }
        var sendAt = turn.now
        if request.kind != .introduction {
            guard let slot = pacer.reserve(request.address, at: turn.now) else { return false }
            sendAt = slot
        }
        guard sendAt <= turn.now else {
            turn.counters.paced += 1
            if request.isBudgeted { budget.promise() }
            _ = table.add(request, firstDeadline: sendAt, using: &turn.generator)
            return true
        }
        return transmitNow(request, &turn)
    }

    /// Asks a node to have another one punctured, if it has room for that. Returns whether the request was sent: it never
    /// waits, because the other node may be reachable without it.
    mutating func submitPuncture(_ request: Request, _ turn: inout Turn) -> Bool {
        pacer.admitPuncture(request.address, at: turn.now) && transmitNow(request, &turn)
    }

    /// Sends a request that its peer accepts, without asking the pacer. Returns whether it was sent.
    mutating func transmitNow(_ request: Request, _ turn: inout Turn) -> Bool {
        guard !table.isFull, turn.sockets.reach(request.address) else { return false }
        if request.isBudgeted { budget.spend(at: turn.now) }
        var sent = request
        sent.sentAt = turn.now
        let id = table.add(sent, firstDeadline: turn.now + request.kind.patience, using: &turn.generator)
        watch(sent, id, at: turn.now)
        transmit(sent, id, &turn)
        return true
    }

    private mutating func watch(_ request: Request, _ id: RequestID, at now: Instant) {
        if request.mattersWhenLate { table.watch(id, lateAt: now + roundTrips.late(request.kind)) }
    }

    /// Pings a node to see whether it is there.
    mutating func ping(_ node: NodeInfo, _ turn: inout Turn) {
        if submit(Request(.ping, to: node, for: .liveness), &turn) { turn.notePing(to: node) }
    }

    /// Pings the sender of a packet with this node's own key, to see whether it has that key.
    mutating func pingTwin(_ node: NodeInfo, _ turn: inout Turn) { submit(Request(.ping, to: node, for: .twin), &turn) }

    /// Whether a number is that of a ping to somebody with this node's own key.
    func isPingToTwin(_ id: RequestID) -> Bool {
        guard case .twin? = table[id]?.purpose else { return false }
        return true
    }

    private func transmit(_ request: Request, _ id: RequestID, _ turn: inout Turn) {
        guard let lan = turn.sockets.lan(in: request.address.family) else { return }
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
            case .introduction(let wan):
                .introductionRequest(introductionRequest(id, to: request.address, lan: lan, wan: wan, &turn))
            }
        turn.send(message, to: request.address, from: request.node.flatMap { turn.sockets.host(for: $0) })
    }

    private func introductionRequest(
        _ id: RequestID, to address: Address, lan: Address, wan: Address, _ turn: inout Turn
    ) -> IntroductionRequest {
        // A peer that prefers to answer us over IPv6 cannot do so in the old style.
        let oldFlags: IntroductionRequest.Flags =
            turn.sockets.families.count > 1 ? [.advice, .wantsNewStyle] : .advice
        return IntroductionRequest(
            style: address.family == .ipv4 ? .old : .new, globalTime: turn.claimGlobalTime(), destination: address,
            sourceLAN: lan, sourceWAN: wan, flags: address.family == .ipv4 ? oldFlags : [],
            identifier: UInt16(truncatingIfNeeded: id.number))
    }

    // MARK: Answers

    /// Whether there is a request that an answer belongs to.
    ///
    /// - Parameter isContact: whether the sender is the contact at the address.
    func expects(
        _ id: RequestID, _ kind: Request.Kind, from sender: NodeInfo, isContact: @autoclosure () -> Bool
    ) -> Bool {
        table.matches(id, kind, from: sender.publicKey, at: sender.address, isContact: isContact())
    }

    /// Keeps a request from being given up while an answer to it is being checked; `nil` if enough answers are.
    mutating func hold(_ id: RequestID) -> RequestTable.Hold? { table.hold(id) }
    mutating func release(_ hold: RequestTable.Hold, at now: Instant) { table.release(hold, at: now) }

    /// Takes out a request, which has been answered.
    mutating func takeAnswered(_ id: RequestID) -> Request? {
        guard let request = table[id] else { return nil }
        table.remove(id)
        if let node = request.node { silentNodes.remove(node) }
        return request
    }

    /// Whether a node has lately been late or silent, and has not answered since. It is likely to be gone.
    func isSilent(_ node: NodeInfo, at now: Instant) -> Bool { silentNodes.contains(node, at: now) }

    /// Notes how long an answer took.
    mutating func note(_ roundTrip: Duration, of kind: Request.Kind) { roundTrips.note(roundTrip, of: kind) }

    // MARK: Time

    /// The requests whose deadline has passed. Those to be sent are to be given to ``sendOrPostpone(_:_:)``.
    mutating func takeOverdue(at now: Instant) -> [RequestTable.Overdue] {
        let overdue = table.takeOverdue(at: now)
        for item in overdue where item.step != .send && item.request.kind != .introduction {
            if let node = item.request.node { silentNodes.note(node, at: now) }
        }
        return overdue
    }

    /// Sends a request that has waited long enough, or has it wait for a moment of its own.
    mutating func sendOrPostpone(_ waiting: RequestTable.Overdue, _ turn: inout Turn) {
        let (id, request) = (waiting.id, waiting.request)
        let sendAt = pacer.confirm(waiting.since, for: request.address, at: turn.now)
        guard sendAt <= turn.now else { return table.postpone(id, until: sendAt) }
        if request.isBudgeted {
            budget.takeBackPromise()
            budget.spend(at: turn.now)
        }
        table.extend(id, sentAt: turn.now)
        watch(request, id, at: turn.now)
        transmit(request, id, &turn)
    }
}
