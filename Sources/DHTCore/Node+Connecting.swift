internal import IPv8
internal import Kademlia

/// The search for a peer by its key, after the nodes that may remember it have been found.
struct Connection: Sendable {
    let command: CommandID
    let mid: Mid
    /// Where the peer is said to be, and has been pinged.
    var candidates: Set<NodeInfo> = []
    /// Who has been pinged a second time.
    var pingedAgain: Set<NodeInfo> = []
    /// Where it answered.
    var connected: [NodeInfo] = []
    /// Requests and pings that are under way.
    var outstandingCount = 0
}

/// Finding a peer by its key: at the address that the user knows, if any; else by a search for the nodes closest to its
/// mid, which are then asked where it is, while it is pinged where we ourselves have it remembered. A peer counts as
/// connected once it has answered, wherever it was found.
extension Node {
    mutating func startConnecting(
        to mid: Mid, knownAddress: Address?, _ command: CommandID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        let target = Target(bits: mid.bits)
        // We are connected with nobody by that.
        guard mid != identity.mid else {
            complete(command, .connected([]), into: &effects)
            return true
        }
        if let knownAddress {
            let request = Request(
                kind: .ping, address: knownAddress, publicKey: nil, purpose: .knownAddress(command, mid), body: .ping)
            if submit(request, at: now, into: &effects) { return true }
        }
        return lookForHolders(of: mid, target, command, at: now, into: &effects)
    }

    /// Goes on without the address that the user knew.
    mutating func knownAddressFailed(_ command: CommandID, _ mid: Mid, at now: Instant, into effects: inout [Effect]) {
        if !lookForHolders(of: mid, Target(bits: mid.bits), command, at: now, into: &effects) {
            complete(command, .refusedAsBusy, into: &effects)
        }
    }

    private mutating func lookForHolders(
        of mid: Mid, _ target: Target, _ command: CommandID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        guard let lookup = startLookup(.connect(command), for: target, at: now, into: &effects) else { return false }
        advance(lookup, at: now, into: &effects)
        return true
    }

    /// Asks the closest nodes where the peer is.
    mutating func askHolders(
        foundBy lookup: ActiveLookup, for command: CommandID, at now: Instant, into effects: inout [Effect]
    ) {
        workCount += 1
        let id = ActivityID(number: workCount)
        let mid = Mid(bits: lookup.target.bits)
        connections[id] = Connection(command: command, mid: mid, outstandingCount: 1)
        for node in lookup.respondersByDistance.prefix(Node.replicasWanted) {
            let request = Request(
                kind: .connectPeer, address: node.address, publicKey: node.publicKey, purpose: .connection(id),
                body: .connectPeer(lookup.target))
            if submit(request, at: now, into: &effects) { connections[id]?.outstandingCount += 1 }
        }
        pingCandidates(registry.find(mid, at: now), of: id, at: now, into: &effects)
        requestOfConnectionEnded(id, into: &effects)
    }

    /// Pings where the peer is said to be. Whoever names another peer than the one that was asked for is not believed.
    mutating func pingCandidates(
        _ nodes: [NodeInfo], of id: ActivityID, at now: Instant, into effects: inout [Effect]
    ) {
        guard let connection = connections[id] else { return }
        for node in nodes.prefix(Node.replicasWanted) where node.publicKey.mid == connection.mid {
            guard connections[id]?.candidates.insert(node).inserted == true else { continue }
            let request = Request(
                kind: .ping, address: node.address, publicKey: node.publicKey, purpose: .connection(id), body: .ping)
            if submit(request, at: now, into: &effects) { connections[id]?.outstandingCount += 1 }
        }
    }

    /// A candidate has not answered. It is pinged once more: the first ping may have come to its NAT before it was opened.
    mutating func connectionFailed(
        _ id: ActivityID, _ request: Request, at now: Instant, into effects: inout [Effect]
    ) {
        if request.kind == .ping, let key = request.publicKey,
            connections[id]?.pingedAgain.insert(NodeInfo(address: request.address, publicKey: key)).inserted == true
        {
            var again = request
            again.sentAt = nil
            if submit(again, at: now, into: &effects) { connections[id]?.outstandingCount += 1 }
        }
        requestOfConnectionEnded(id, into: &effects)
    }

    mutating func connectionAnswered(
        _ id: ActivityID, by node: NodeInfo, _ answer: Answer, at now: Instant, into effects: inout [Effect]
    ) {
        switch answer {
        case .connected(let nodes):
            let named = nodes.filter { mayBeNamed($0.address, by: node.address.host) }
            pingCandidates(named, of: id, at: now, into: &effects)
        case .pong: connections[id]?.connected.append(node)
        case .found, .stored, .introduced: break
        }
        requestOfConnectionEnded(id, into: &effects)
    }

    /// One of a connection's requests has been answered or given up; the connection ends with the last of them.
    mutating func requestOfConnectionEnded(_ id: ActivityID, into effects: inout [Effect]) {
        connections[id]?.outstandingCount -= 1
        guard let connection = connections[id], connection.outstandingCount == 0 else { return }
        connections[id] = nil
        complete(connection.command, .connected(connection.connected), into: &effects)
    }
}
