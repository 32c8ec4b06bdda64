internal import IPv8
internal import Kademlia

/// How many packets of each key and address are being checked.
///
/// Before its check a packet may be of anybody, so what claims to be of one peer must not take the room of all.
struct ChecksUnderWay: Sendable {
    private var counts: [Claim: Int] = [:]

    /// Who a packet claims to be of.
    private struct Claim: Hashable {
        let id: NodeID
        let address: Address
    }

    /// How many packets of one are checked at once: as many as a peer may ask for in five seconds, values or peers.
    static let countMax = 20

    /// How many senders have packets that are being checked.
    var count: Int { counts.count }

    /// Counts a packet; `false` where enough of them are being checked.
    mutating func begin(_ id: NodeID, at address: Address) -> Bool {
        let claim = Claim(id: id, address: address)
        guard counts[claim, default: 0] < ChecksUnderWay.countMax else { return false }
        counts[claim, default: 0] += 1
        return true
    }

    /// The check of a packet is done.
    mutating func end(_ id: NodeID, at address: Address) {
        let claim = Claim(id: id, address: address)
        guard let count = counts[claim] else { return }
        counts[claim] = count > 1 ? count - 1 : nil
    }
}
