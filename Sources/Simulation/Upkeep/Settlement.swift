package import IPv8
package import Kademlia

/// Who lives where in a key space that does not change: what many ``StillNode``s have in common.
package final class Settlement {
    /// The nodes, in the order of their ids.
    package let members: [Member]

    /// A node and where it stands.
    package struct Member: Sendable {
        /// Where it stands.
        package let id: NodeID
        /// Who it is, and where it is reached.
        package let node: NodeInfo
    }

    /// Nodes in any order.
    package init(_ nodes: [NodeInfo]) {
        members = nodes.map { Member(id: NodeID(host: $0.address.host, mid: $0.publicKey.mid), node: $0) }
            .sorted { $0.id.bits < $1.id.bits }
    }

    /// The nodes closest to a place, closest first.
    package func closest(to target: Target, count: Int) -> [Int] {
        var range = members.indices
        var bit = 0
        // The smallest subtree around the place that has enough nodes has the closest ones.
        while bit < Bits160.bitCount {
            let half = middle(of: range, bit: bit)
            let near = target.bits[bit: bit] ? half..<range.upperBound : range.lowerBound..<half
            guard near.count >= count else { break }
            range = near
            bit += 1
        }
        let sorted = range.map { (index: $0, distance: Distance(members[$0].id, target)) }
            .sorted { $0.distance < $1.distance }
        return sorted.prefix(count).map(\.index)
    }

    /// A routing table as a node gets it in time: the whole neighbourhood, and a few nodes of every other part.
    func contacts(of index: Int, using generator: inout SeededGenerator) -> [Int] {
        let own = members[index].id.bits
        var range = members.indices
        var contacts: [Int] = []
        for bit in 0..<Bits160.bitCount where range.count > Bucket.sizeMax {
            let half = middle(of: range, bit: bit)
            let (near, far) =
                own[bit: bit]
                ? (half..<range.upperBound, range.lowerBound..<half)
                : (range.lowerBound..<half, half..<range.upperBound)
            contacts += far.shuffled(using: &generator).prefix(Bucket.sizeMax)
            range = near
        }
        return contacts + range.filter { $0 != index }
    }

    /// Where, among ids that are the same up to a bit, those begin that have the bit set.
    private func middle(of range: Range<Int>, bit: Int) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id.bits[bit: bit] { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
