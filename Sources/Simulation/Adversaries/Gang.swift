internal import IPv8
internal import Kademlia

/// Those who work together against the others, as they know each other.
final class Gang {
    private(set) var members: [(id: NodeID, node: NodeInfo)] = []

    func add(_ node: NodeInfo) {
        members.append((NodeID(host: node.address.host, mid: node.publicKey.mid), node))
    }

    /// The members closest to a target, closest first.
    func closest(to target: Target) -> [NodeInfo] {
        members.map { (distance: Distance($0.id, target), node: $0.node) }
            .sorted { $0.distance < $1.distance }
            .prefix(FindResponse.nodeCountMax).map(\.node)
    }
}
