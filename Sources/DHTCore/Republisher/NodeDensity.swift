internal import IPv8
internal import Kademlia

/// How densely the key space is settled, from how far away the closest nodes of some places were.
struct NodeDensity: Sendable {
    private var spans: [Double] = []

    /// How many lookups count.
    private static let spansMax = 32

    /// Notes the nodes that are closest to a place, closest first.
    mutating func note(_ ids: [NodeID], around place: Target) {
        guard ids.count >= Searches.replicasWanted else { return }
        let distance = Distance(ids[Searches.replicasWanted - 1], place).bits
        // The share of the key space that lies within that distance.
        let share = (Double(distance.high) + 1) / 0x1p64
        if spans.count >= NodeDensity.spansMax { spans.removeFirst() }
        spans.append(share)
    }

    /// How many nodes there are, if they are settled everywhere as around those places; 0 where nothing is known.
    var nodeCount: Int {
        guard !spans.isEmpty else { return 0 }
        let mean = spans.reduce(0, +) / Double(spans.count)
        return Int(clamping: Int64(min(Double(Searches.replicasWanted) / mean, 1e9)))
    }
}
