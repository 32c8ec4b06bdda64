internal import IPv8
internal import Kademlia
internal import Maintenance

/// Finding peers by their key: where other peers are that asked us to remember it, who remembers where we are, and the
/// searches for a peer that the user wants to reach.
///
/// A peer is first tried at the address that the user knows, if any. Otherwise a lookup finds the nodes closest to its mid.
/// They are asked where the peer is, while it is pinged where we ourselves remember it. A peer counts as connected once it
/// has answered, wherever it was found.
struct PeersByKey: Sendable {
    private var registry: PeerRegistry
    private var ownRecord = OwnRecord()
    private var holdersSoughtAt = Instant.distantPast
    private var connections: [ActivityID: Connection] = [:]
    private let ownMid: Mid

    /// How many searches for a peer may be under way at once, besides the lookups that come before them.
    static let connectionsMax = 1024

    init(_ configuration: NodeConfiguration) {
        registry = PeerRegistry(limitsLocal: configuration.limitsLocalNetworks)
        ownMid = configuration.identity.mid
    }

    var connectionCount: Int { connections.count }
    var registeredCount: Int { registry.count }
    var holders: [OwnRecord.Holder] { ownRecord.holders }
    /// How many records each peer has here.
    var registeredCounts: [Mid: Int] { registry.countsByMid }
    /// Where a peer is that had itself remembered here.
    func registered(_ mid: Mid, at now: Instant) -> [NodeInfo] { registry.find(mid, at: now) }

    // MARK: Others' records

    /// Remembers where the sender is, under its own mid and no other.
    mutating func store(
        _ request: StorePeerRequest, from sender: NodeInfo, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        guard registry.store(sender, at: turn.now) else { return turn.drop(.noRoom) }
        overlay.answer(sender, .storePeerResponse(StorePeerResponse(id: request.id)), &requests, &turn)
    }

    /// Tells where a peer is, and asks it to puncture the asker. Of a peer that nobody knows, nothing remains.
    mutating func connect(
        _ request: ConnectPeerRequest, from asker: NodeInfo, _ overlay: inout Overlay, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        let nodes = registry.find(Mid(bits: request.target.bits), at: turn.now)
        let response = Message.connectPeerResponse(ConnectPeerResponse(id: request.id, nodes: nodes))
        guard overlay.mayAnswer(asker, response, &requests, &turn) else { return }
        for node in nodes {
            turn.requestPuncture(
                by: node, ofLAN: request.lan, wan: asker.address, UInt16(truncatingIfNeeded: request.id.number))
        }
        turn.send(response, to: asker)
    }

    // MARK: Our own record

    /// A peer asked us something.
    mutating func noteSign(of peer: NodeInfo, at now: Instant) { registry.noteSign(of: peer, at: now) }

    /// A node answered us.
    mutating func noteAnswer(from node: NodeInfo, at now: Instant) {
        ownRecord.answered(node)
        registry.noteSign(of: node, at: now)
    }

    /// A node did not answer us.
    mutating func noteSilence(of node: NodeInfo) { ownRecord.failed(node) }

    /// Nodes were sent a ping, whatever for.
    mutating func notePings(_ turn: inout Turn) {
        for node in turn.takePinged() { ownRecord.pinged(node, at: turn.now) }
    }

    /// A node has confirmed that it remembers us.
    mutating func confirmed(by node: NodeInfo, at now: Instant) { ownRecord.confirmed(by: node, at: now) }

    /// Our address is another now: what others remember is of no use.
    mutating func addressChanged() { ownRecord.addressChanged() }

    /// Keeps our own record on a few nodes. Returns what is to be looked up to find nodes that remember us.
    mutating func keepOwnRecord(_ overlay: inout Overlay, _ requests: inout Requests, _ turn: inout Turn) -> Target? {
        notePings(&turn)
        registry.dropQuiet(at: turn.now)
        ownRecord.dropForgetful(at: turn.now)
        for holder in ownRecord.due(at: turn.now) { requests.ping(holder, &turn) }
        notePings(&turn)
        turn.schedule.plan(.ownRecord, at: ownRecord.nextLook(after: turn.now))
        guard ownRecord.needsHolders(at: turn.now), turn.now - holdersSoughtAt >= OwnRecord.interval,
            overlay.contactCount > 0
        else { return nil }
        return Target(bits: ownMid.bits)
    }

    /// The lookup for nodes that are to remember us has begun.
    mutating func holdersAreSought(at now: Instant) {
        holdersSoughtAt = now
        ownRecord.isLookingForHolders = true
    }

    /// Asks the closest nodes that answered to remember us.
    mutating func storeOwnRecord(on lookup: ActiveLookup, _ requests: inout Requests, _ turn: inout Turn) {
        ownRecord.isLookingForHolders = false
        ownRecord.placed(at: turn.now)
        // Others ask only the closest ones about us.
        for (node, token) in lookup.respondersWithTokens.prefix(Searches.replicasWanted)
        where !ownRecord.isHeld(by: node, at: turn.now) {
            requests.submit(Request(.storePeer(token, lookup.target), to: node, for: .ownRecord), &turn)
        }
    }

    // MARK: Connections

    /// A search for a peer by its key, after the nodes that may remember it have been found.
    private struct Connection {
        let command: CommandID
        let mid: Mid
        /// Where the peer is said to be, and has been pinged.
        var candidates: Set<NodeInfo> = []
        /// The candidates that were pinged once more when their answer was late, and when it did not come.
        var pingedWhenLate: Set<NodeInfo> = []
        var pingedAgain: Set<NodeInfo> = []
        /// Where it answered.
        var connected: [NodeInfo] = []
        /// The answers to requests and pings that are under way.
        var awaited = AwaitedAnswers()
    }

    /// Asks the closest nodes where a peer is.
    mutating func connect(
        with mid: Mid, foundBy lookup: ActiveLookup, for command: CommandID, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        guard connections.count < PeersByKey.connectionsMax else {
            return turn.complete(command, .refusedAsBusy)
        }
        let id = turn.claimActivityID()
        connections[id] = Connection(command: command, mid: mid)
        for node in lookup.respondersByDistance.prefix(Searches.replicasWanted) {
            let request = Request(.connectPeer(lookup.target), to: node, for: .connection(id))
            if requests.submit(request, &turn) { connections[id]?.awaited.asked() }
        }
        ping(registry.find(mid, at: turn.now), for: id, &requests, &turn)
        endIfOver(id, &turn)
    }

    /// Pings where the peer is said to be. A node that names another peer than the one that was asked for is not believed.
    private mutating func ping(
        _ nodes: [NodeInfo], for id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) {
        guard let mid = connections[id]?.mid else { return }
        for node in nodes.prefix(Searches.replicasWanted) where node.publicKey.mid == mid {
            guard connections[id]?.candidates.insert(node).inserted == true else { continue }
            submitPing(to: node, for: id, &requests, &turn)
        }
    }

    private mutating func submitPing(
        to node: NodeInfo, for id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) {
        if requests.submit(Request(.ping, to: node, for: .connection(id)), &turn) { connections[id]?.awaited.asked() }
    }

    /// A node has answered the search for a peer with the peer's addresses.
    mutating func told(
        _ nodes: [NodeInfo], by source: NodeInfo, for id: ActivityID, wasLate: Bool, _ requests: inout Requests,
        _ turn: inout Turn
    ) {
        let named = nodes.filter { $0.address.mayBeNamed(by: source.address.host) }
        ping(named, for: id, &requests, &turn)
        requestEnded(of: id, wasLate: wasLate, &turn)
    }

    /// The peer has answered. It may have been pinged more than once at the same address.
    mutating func connected(_ node: NodeInfo, for id: ActivityID, wasLate: Bool, _ turn: inout Turn) {
        if connections[id]?.connected.contains(node) == false { connections[id]?.connected.append(node) }
        requestEnded(of: id, wasLate: wasLate, &turn)
    }

    /// An answer is late. A candidate is pinged once more, because the first ping may have come to its NAT before it was
    /// opened.
    mutating func becameLate(
        _ request: Request, for id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) {
        if request.kind == .ping, let node = request.node,
            connections[id]?.pingedWhenLate.insert(node).inserted == true
        {
            submitPing(to: node, for: id, &requests, &turn)
        }
        connections[id]?.awaited.becameLate()
        endIfOver(id, &turn)
    }

    /// Nobody has answered. A candidate is pinged a last time.
    mutating func unanswered(
        _ request: Request, for id: ActivityID, _ requests: inout Requests, _ turn: inout Turn
    ) {
        if request.kind == .ping, let node = request.node,
            connections[id]?.pingedAgain.insert(node).inserted == true
        {
            submitPing(to: node, for: id, &requests, &turn)
        }
        requestEnded(of: id, wasLate: request.isLate, &turn)
    }

    /// One of a connection's requests has been answered or given up.
    private mutating func requestEnded(of id: ActivityID, wasLate: Bool, _ turn: inout Turn) {
        connections[id]?.awaited.ended(wasLate: wasLate)
        endIfOver(id, &turn)
    }

    /// A connection ends with the last of its requests, but once the peer has answered it does not wait for late ones.
    private mutating func endIfOver(_ id: ActivityID, _ turn: inout Turn) {
        guard let connection = connections[id], connection.awaited.isOver(isEnough: !connection.connected.isEmpty)
        else { return }
        connections[id] = nil
        turn.complete(connection.command, .connected(connection.connected))
    }

    var usages: [Usage] {
        [
            Usage("searches for peers", connections.count),
            Usage("remembered peers", registry.count),
            Usage("holders of the own record", ownRecord.holders.count),
        ]
    }
}
