internal import IPv8
internal import Kademlia

/// Helps others find each other by key: remembers where peers are, tells those who ask, and has them punctured.
extension Node {
    /// Remembers where the sender is, under its own mid and no other.
    mutating func store(
        _ request: StorePeerRequest, from sender: NodeInfo, at now: Instant, into effects: inout [Effect]
    ) {
        guard registry.store(sender, at: now) else { return drop(.noRoom) }
        answer(sender, .storePeerResponse(StorePeerResponse(id: request.id)), at: now, into: &effects)
    }

    /// Tells where a peer is, and asks it to puncture the asker. Of a peer that nobody knows, nothing remains.
    mutating func connect(
        _ request: ConnectPeerRequest, from asker: NodeInfo, at now: Instant, into effects: inout [Effect]
    ) {
        let nodes = registry.find(Mid(bits: request.target.bits), at: now)
        let response = Message.connectPeerResponse(ConnectPeerResponse(id: request.id, nodes: nodes))
        guard mayAnswer(asker, response, at: now, into: &effects) else { return }
        for node in nodes {
            requestPuncture(
                by: node, ofLAN: request.lan, wan: asker.address,
                UInt16(truncatingIfNeeded: request.id.number), into: &effects)
        }
        send(response, to: asker, into: &effects)
    }
}
