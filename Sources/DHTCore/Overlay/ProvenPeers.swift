internal import IPv8

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
