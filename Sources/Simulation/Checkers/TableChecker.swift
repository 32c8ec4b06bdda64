internal import DHTCore
package import IPv8
internal import Kademlia

/// The routing table is one: every contact in its place, none twice, none that never answered, no network with more than its
/// share; and everything that a node keeps is within its bounds.
package final class TableChecker: Checker {
    package static let name = "table"
    package var violations: [Violation] = []
    /// How many contacts have been looked at.
    package private(set) var contactCount = 0

    /// Who has sent a machine an answer, since it was set up.
    private var answered: [MachineIndex: Set<Answerer>] = [:]

    private struct Answerer: Hashable {
        let host: IPAddress
        let mid: Mid
    }

    /// The ids of the messages that answer a request.
    private static let answers: Set<UInt8> = [2, 4, 6, 8, 10, 245, 233]

    /// A checker that has seen nothing yet.
    package init() {}

    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard machine.setup != nil, bytes.count > 22, TableChecker.answers.contains(bytes[22]),
            let packet = try? Packet(decoding: bytes), let sender = packet.sender
        else { return }
        answered[machine.index, default: []].insert(Answerer(host: source.host, mid: sender.mid))
    }

    package func inspect(_ world: World) {
        for machine in world.machines {
            guard let node = machine.host?.node else { continue }
            for endpoint in node.endpoints { check(endpoint, on: machine, in: world) }
            for usage in node.usages where usage.count > usage.max {
                report("keeps \(usage.count) \(usage.name), \(usage.max) at most", on: machine, in: world)
            }
        }
    }

    private func check(_ endpoint: EndpointSnapshot, on machine: Machine, in world: World) {
        var ids: Set<Bits160> = []
        var bucketCounts: [Int: Int] = [:]
        var networks: [UInt32: Int] = [:]
        let last = endpoint.bucketCount - 1
        for contact in endpoint.contacts {
            contactCount += 1
            let node = contact.node
            guard let id = NodePlace.bits(of: node.address.host, node.publicKey.mid) else { continue }
            if id == endpoint.nodeID.bits { report("is a contact of its own", on: machine, in: world) }
            if !ids.insert(id).inserted { report("has \(node.address) twice", on: machine, in: world) }
            let answerer = Answerer(host: node.address.host, mid: node.publicKey.mid)
            if answered[machine.index]?.contains(answerer) != true {
                report("has \(node.address) for a contact, which never answered", on: machine, in: world)
            }
            let shared = (id ^ endpoint.nodeID.bits).leadingZeroBitCount
            bucketCounts[min(shared, last), default: 0] += 1
            if case .v4(let address) = node.address.host { networks[address >> 8, default: 0] += 1 }
        }
        if let fullest = bucketCounts.values.max(), fullest > 8 {
            report("has \(fullest) contacts in a bucket", on: machine, in: world)
        }
        let isLimited = !endpoint.listenAddress.host.isLoopback
        if isLimited, let largest = networks.values.max(), largest > 10 {
            report("has \(largest) contacts of one network", on: machine, in: world)
        }
    }
}

/// Where a node stands in the key space, worked out apart from the routing table's code.
enum NodePlace {
    /// The id of a node at an IPv4 address; `nil` for others.
    static func bits(of host: IPAddress, _ mid: Mid) -> Bits160? {
        guard case .v4(let address) = host else { return nil }
        let masked = address & 0x030F_3FFF
        var remainder = UInt32.max
        for shift in [24, 16, 8, 0] as [UInt32] {
            var byte = (remainder ^ (masked >> shift)) & 0xFF
            for _ in 0..<8 { byte = byte & 1 == 1 ? byte >> 1 ^ 0xEDB8_8320 : byte >> 1 }
            remainder = remainder >> 8 ^ byte
        }
        let checksum = ~remainder
        let head = [UInt8(truncatingIfNeeded: checksum >> 24), UInt8(truncatingIfNeeded: checksum >> 16)]
        let bytes = head + [UInt8(truncatingIfNeeded: checksum >> 8)] + mid.bytes.prefix(17)
        return Bits160(bytes[...])
    }
}
