import IPv8
import Kademlia
import Maintenance

@testable import DHTCore

/// The bounds that hold after every input.
enum Bounds {
    static func check(_ node: DHTCore.Node, at now: Instant) throws(Violation) {
        try require(node.work.count <= 4096, "\(node.work.count) pieces of work at once")
        let searches = node.lookups.count + node.publications.count + node.connections.count
        try require(searches <= 1024, "\(searches) searches at once")
        try require(node.probes.count <= 320, "\(node.probes.count) strangers are asked for a sign of life")
        try require(node.provenPeers.count <= 8192, "\(node.provenPeers.count) peers have proved their address")
        try require(node.reflections.count <= 16_384, "\(node.reflections.count) budgets of bytes")
        try require(node.returning.count <= 128, "\(node.returning.count) lost contacts are to be asked")
        try require(node.contactsToRemember.count <= node.contacts.count + 128, "too many lost contacts")
        try require(node.mint.secrets.count <= 2, "\(node.mint.secrets.count) secrets")
        try require(node.ownRecord.holders.count <= 64, "\(node.ownRecord.holders.count) nodes remember us")
        try require(node.registry.count <= 10_000, "\(node.registry.count) peers are remembered")
        let upkeep = node.upkeepSnapshot
        try require(upkeep.activeArcs <= node.upkeep.limits.arcsMax, "\(upkeep.activeArcs) arcs are worked on")
        try require(upkeep.waitingKeys >= 0, "\(upkeep.waitingKeys) keys wait")
        for family in node.families.present {
            if let table = node.families[family]?.table { try check(table, of: node) }
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
                let network = NetworkPrefix(contact.node.address.host, limitingLocal: node.limitsLocalNetworks)
                if !network.isExempt { networks[network, default: 0] += 1 }
            }
        }
        try require(networks.values.allSatisfy { $0 <= 10 }, "a network has more than its share of the table")
    }
}
