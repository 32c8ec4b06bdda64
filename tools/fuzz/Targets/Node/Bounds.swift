import IPv8
import Kademlia
import Maintenance

@testable import DHTCore

/// The bounds that hold after every input.
enum Bounds {
    static func check(_ node: DHTCore.Node, at now: Instant) throws(Violation) {
        try require(node.turn.workCount <= 4096, "\(node.turn.workCount) pieces of work at once")
        try require(node.searches.count <= 1024, "\(node.searches.count) searches at once")
        let connections = node.peersByKey.connectionCount
        try require(connections <= 1024, "\(connections) searches for peers at once")
        try require(
            node.overlay.probes.count <= 320, "\(node.overlay.probes.count) strangers are asked for a sign of life")
        try require(
            node.overlay.provenPeers.count <= 8192, "\(node.overlay.provenPeers.count) peers have proved their address")
        try require(node.overlay.reflections.count <= 16_384, "\(node.overlay.reflections.count) budgets of bytes")
        try require(
            node.overlay.walk.returning.count <= 128,
            "\(node.overlay.walk.returning.count) lost contacts are to be asked")
        try require(node.contactsToRemember.count <= node.contacts.count + 128, "too many lost contacts")
        try require(node.serving.tokenSecretCount <= 2, "\(node.serving.tokenSecretCount) secrets")
        try require(node.peersByKey.holders.count <= 64, "\(node.peersByKey.holders.count) nodes remember us")
        try require(
            node.peersByKey.registeredCount <= 10_000, "\(node.peersByKey.registeredCount) peers are remembered")
        let upkeep = node.republisherSnapshot
        try require(upkeep.activeArcs <= node.republisher.arcsMax, "\(upkeep.activeArcs) arcs are worked on")
        try require(upkeep.waitingKeys >= 0, "\(upkeep.waitingKeys) keys wait")
        for family in node.overlay.families.present {
            if let table = node.overlay.families[family]?.table { try check(table, of: node) }
        }
    }

    /// A routing table: every bucket in its place, none too full, no network with more than its share.
    private static func check(_ table: RoutingTable, of node: DHTCore.Node) throws(Violation) {
        var ids: Set<NodeID> = []
        var networks: [NetworkPrefix: Int] = [:]
        for (number, bucket) in table.buckets.enumerated() {
            try require(
                bucket.contacts.count <= 8 && bucket.replacements.count <= 8, "bucket \(number) is overfull")
            for contact in bucket.contacts {
                try require(ids.insert(contact.id).inserted, "a contact is in the table twice")
                try require(contact.id != table.ownID, "the node is a contact of its own")
                let shared = (contact.id.bits ^ table.ownID.bits).leadingZeroBitCount
                let isInPlace = number == table.buckets.count - 1 ? shared >= number : shared == number
                try require(isInPlace, "a contact that shares \(shared) bits is in bucket \(number)")
                let network = NetworkPrefix(contact.node.address.host, limitingLocal: node.overlay.limitsLocal)
                if !network.isExempt { networks[network, default: 0] += 1 }
            }
        }
        try require(networks.values.allSatisfy { $0 <= 10 }, "a network has more than its share of the table")
    }
}
