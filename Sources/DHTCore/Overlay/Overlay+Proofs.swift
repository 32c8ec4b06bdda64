internal import IPv8
internal import Kademlia

/// Which peers have shown that they receive at their address. They are answered in full, all others within limits.
extension Overlay {
    /// Answers a peer, if what may go to its address allows it.
    mutating func answer(_ peer: NodeInfo, _ message: Message, _ requests: inout Requests, _ turn: inout Turn) {
        guard mayAnswer(peer, message, &requests, &turn) else { return }
        turn.send(message, to: peer)
    }

    /// Whether an answer may go to a peer; if so, it counts. A peer that has to prove first that it receives at its address is
    /// asked to.
    mutating func mayAnswer(
        _ peer: NodeInfo, _ message: Message, _ requests: inout Requests, _ turn: inout Turn
    ) -> Bool {
        guard !isProven(peer, at: turn.now) else { return true }
        let network = NetworkPrefix(peer.address.host, limitingLocal: limitsLocal)
        let byteCount = Packet.byteCount(of: message, from: identity)
        guard !reflections.take(byteCount, for: peer.address.host, of: network, at: turn.now) else { return true }
        turn.drop(.unprovenAddress)
        probe(peer, &requests, &turn)
        return false
    }

    /// Whether a peer receives at its address: it is a contact there, has proved it lately, or is in a network that nobody
    /// outside can name.
    func isProven(_ peer: NodeInfo, at now: Instant) -> Bool {
        isExempt(peer.address) || isContact(peer) || provenPeers.contains(peer, at: now)
    }

    /// A peer has shown that it receives at its address. Of contacts that is known.
    mutating func noteProof(of peer: NodeInfo, at now: Instant) {
        guard !isExempt(peer.address), !isContact(peer) else { return }
        provenPeers.note(peer, at: now)
    }

    // MARK: Open NATs

    /// Whether a peer can be asked without a puncture: it is a contact, or it has sent us something lately, so its NAT lets
    /// our requests in.
    func isOpen(_ peer: NodeInfo, at now: Instant) -> Bool {
        knownAddress(of: peer) != nil || openPeers.contains(peer, at: now)
    }
}
