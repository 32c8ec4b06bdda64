internal import IPv8
internal import Kademlia

/// Which of our own hosts each peer last sent an authentic packet to.
///
/// A node that listens on all addresses of a machine may have several. A peer takes an answer only from the address that
/// it asked, and a NAT or firewall on the way lets only that one through. So what goes to a peer leaves from where the peer
/// found us. An entry follows from the peer's own key, so nobody else can change it.
///
/// Bounded by two generations: when the younger is full, the older is dropped. A peer without an entry is answered from
/// the host that the system chooses.
struct PeerPaths: Sendable {
    private var recent: [NodeID: IPAddress] = [:]
    private var older: [NodeID: IPAddress] = [:]

    /// How many peers a generation has at most.
    static let generationMax = 4096

    var count: Int { recent.count + older.count }

    /// An authentic packet of a peer came to one of our hosts.
    mutating func note(_ peer: NodeID, reached host: IPAddress) {
        if recent[peer] == host { return }
        if recent.count >= PeerPaths.generationMax {
            older = recent
            recent.removeAll(keepingCapacity: true)
        }
        recent[peer] = host
    }

    /// The host that a peer found us at; `nil` if it is not known.
    func host(for peer: NodeID) -> IPAddress? { recent[peer] ?? older[peer] }
}
