package import IPv8
package import Kademlia

/// The nodes of a key space that does not change, shared by many ``StillNode``s.
package final class Settlement {
    /// The nodes, in the order of their ids.
    package let members: [Member]

    /// A node and its position.
    package struct Member: Sendable {
        package let id: NodeID
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
        // The smallest subtree around the place with enough nodes has the closest ones.
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

    /// A routing table as a node has after a while: the whole neighbourhood, and a few nodes of every other part.
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

    /// The index of the first id with a bit set, among ids that are equal up to that bit.
    private func middle(of range: Range<Int>, bit: Int) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id.bits[bit: bit] { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
