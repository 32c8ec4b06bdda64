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
}

/// The peers that are no contacts and have lately proved that they receive at their address: they answered a request under
/// a number of 32 random bits, or used a token of ours.
///
/// Bounded by two generations: when the younger is full or old, it takes the place of the older one.
struct ProvenPeers: Sendable {
    private var recent: Set<Proof> = []
    private var older: Set<Proof> = []
    private var turnedAt = Instant.distantPast

    private struct Proof: Hashable {
        let mid: Mid
        let address: Address
    }

    /// A proof counts for one to two times this.
    static let turn: Duration = .seconds(600)
    /// How many peers a generation has at most.
    static let generationMax = 4096

    var count: Int { recent.count + older.count }

    /// A peer has proved that it receives at its address.
    mutating func note(_ peer: NodeInfo, at now: Instant) {
        if now - turnedAt >= ProvenPeers.turn || recent.count >= ProvenPeers.generationMax {
            older = now - turnedAt < ProvenPeers.turn * 2 ? recent : []
            recent = []
            turnedAt = now
        }
        recent.insert(Proof(mid: peer.publicKey.mid, address: peer.address))
    }

    /// Whether a peer has proved that it receives at its address.
    func contains(_ peer: NodeInfo, at now: Instant) -> Bool {
        let age = now - turnedAt
        guard age < ProvenPeers.turn * 2 else { return false }
        let proof = Proof(mid: peer.publicKey.mid, address: peer.address)
        return recent.contains(proof) || age < ProvenPeers.turn && older.contains(proof)
    }
}
