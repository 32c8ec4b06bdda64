internal import IPv8
internal import Kademlia

/// Answers to peers: in full to those that receive at their address, within limits to all others.
extension Node {
    /// Answers a peer, if what may go to its address allows it.
    mutating func answer(_ peer: NodeInfo, _ message: Message, at now: Instant, into effects: inout [Effect]) {
        guard mayAnswer(peer, message, at: now, into: &effects) else { return }
        send(message, to: peer, into: &effects)
    }

    /// Whether an answer may go to a peer; if so, it counts. A peer that has to prove first that it receives at its address
    /// is asked to.
    mutating func mayAnswer(
        _ peer: NodeInfo, _ message: Message, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        guard !isProven(peer, at: now) else { return true }
        let network = NetworkPrefix(peer.address.host, limitingLocal: limitsLocalNetworks)
        let byteCount = Packet.byteCount(of: message, from: identity)
        guard !reflections.take(byteCount, for: peer.address.host, of: network, at: now) else { return true }
        refuseUnproven(peer, at: now, into: &effects)
        return false
    }

    /// Whether a peer receives at its address: it is a contact there, has proved it lately, or is in a network that nobody
    /// outside can name.
    func isProven(_ peer: NodeInfo, at now: Instant) -> Bool {
        NetworkPrefix(peer.address.host, limitingLocal: limitsLocalNetworks).isExempt || isContact(peer)
            || provenPeers.contains(peer, at: now)
    }

    /// Whether the contact with a peer's id is at the peer's address.
    func isContact(_ peer: NodeInfo) -> Bool {
        let id = NodeID(host: peer.address.host, mid: peer.publicKey.mid)
        return families[peer.address.family]?.table.address(of: id) == peer.address
    }

    /// A peer has shown that it receives at its address. Of contacts that is known.
    mutating func noteProof(of peer: NodeInfo, at now: Instant) {
        guard !NetworkPrefix(peer.address.host, limitingLocal: limitsLocalNetworks).isExempt, !isContact(peer) else {
            return
        }
        provenPeers.note(peer, at: now)
    }

    private mutating func refuseUnproven(_ peer: NodeInfo, at now: Instant, into effects: inout [Effect]) {
        drop(.unprovenAddress)
        probe(peer, NodeID(host: peer.address.host, mid: peer.publicKey.mid), at: now, into: &effects)
    }
}
