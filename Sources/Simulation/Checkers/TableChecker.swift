internal import DHTCore
package import IPv8
internal import Kademlia
internal import Maintenance

/// Checks the routing table: the buckets divide the key space around the node's own id; every contact is in the right
/// bucket, once, and has answered; no network has more than its share of a bucket or of the table. Also checks the
/// bounds of everything that a node stores.
package final class TableChecker: Checker {
    package static let name = "table"
    package var violations: [Violation] = []
    /// The number of checked contacts.
    package private(set) var contactCount = 0

    /// The nodes that have answered a machine since it was set up.
    private var answered: [MachineIndex: Set<Answerer>] = [:]

    struct Answerer: Hashable {
        let host: IPAddress
        let mid: Mid
    }

    private static let bucketSizeMax = 8
    private static let contactsPerNetworkInBucketMax = 2
    private static let contactsPerNetworkMax = 10

    /// The ids of response messages.
    private static let answers: Set<UInt8> = [2, 4, 6, 8, 10, 245, 233]

    /// The bounds of a node's tables. A random walk visits two addresses a second and drops them after a minute;
    /// requests are recognized again for two turns.
    static let bounds = [
        "pieces of work": 4096, "searches and publications": 1024, "searches for peers": 1024, "requests": 16_384,
        "peers asked lately": 16_384,
        "strangers asked for a sign of life": 320, "contacts in waiting for one bucket": 8, "lost contacts": 128,
        "lost contacts to be asked": 128, "addresses to walk to": 256, "addresses walked to": 128,
        "addresses in local networks": 1024, "peers that proved their address": 8192,
        "peers with an open NAT": 8192, "silent nodes": 8192,
        "hosts and networks with a budget of bytes": 16_384, "senders of requests": 16_384,
        "senders of introductions": 16_384,
        "hosts of strangers": 16_384, "sources of requests for a puncture": 16_384,
        "senders with keys of older curves": 16_384, "senders whose packets are being checked": 4096,
        "requests known again": 2 * 65_536, "bans": 4096, "token secrets": 2,
        "remembered peers": 10_000, "hosts that peers found us at": 8192, "holders of the own record": 64, "arcs": 256,
        "keys to be stored again": 65_536,
    ]

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
            let answered = answered[machine.index] ?? []
            var faults = faults(in: node.usages)
            for endpoint in node.endpoints {
                let buckets = node.bucketReports.filter { $0.family == endpoint.listenAddress.family }
                contactCount += endpoint.contacts.count
                faults += self.faults(
                    in: endpoint, buckets, answered, limitsLocal: machine.setup?.settings.limitsLocalNetworks ?? false)
            }
            for fault in faults { report(fault, on: machine, in: world) }
        }
    }

    /// Violations of the bounds.
    func faults(in usages: [Usage]) -> [String] {
        let missing = Set(TableChecker.bounds.keys).subtracting(usages.map(\.name)).sorted()
        return missing.map { "does not tell how much it has of \($0)" }
            + usages.compactMap { usage in
                guard let max = TableChecker.bounds[usage.name] else {
                    return "keeps \(usage.name), and nobody knows how much of it it may"
                }
                return usage.count > max ? "keeps \(usage.count) \(usage.name), \(max) at most" : nil
            }
    }

    /// Faults of a routing table.
    func faults(
        in endpoint: EndpointSnapshot, _ buckets: [BucketReport], _ answered: Set<Answerer>, limitsLocal: Bool
    ) -> [String] {
        var faults: [String] = []
        var ids: Set<Bits160> = []
        var networks: [UInt32: Int] = [:]
        var left = endpoint.contacts[...]
        for (number, bucket) in buckets.enumerated() {
            let isLast = number == buckets.count - 1
            let prefix = NodePlace.prefix(ofBucket: number, isLast: isLast, around: endpoint.nodeID.bits)
            if bucket.prefix != prefix { faults.append("has bucket \(bucket.prefix) in the place of \(prefix)") }
            let contacts = left.prefix(bucket.contactCount)
            left = left.dropFirst(bucket.contactCount)
            if contacts.count > TableChecker.bucketSizeMax {
                faults.append("has \(contacts.count) contacts in a bucket")
            }
            var networksHere: [UInt32: Int] = [:]
            for contact in contacts {
                let node = contact.node
                guard case .v4(let host) = node.address.host,
                    let id = NodePlace.bits(of: node.address.host, node.publicKey.mid)
                else { continue }
                if id == endpoint.nodeID.bits { faults.append("is a contact of its own") }
                if !ids.insert(id).inserted { faults.append("has \(node.address) twice") }
                if !answered.contains(Answerer(host: node.address.host, mid: node.publicKey.mid)) {
                    faults.append("has \(node.address) for a contact, which never answered")
                }
                let shared = (id ^ endpoint.nodeID.bits).leadingZeroBitCount
                if isLast ? shared < number : shared != number {
                    faults.append("has \(node.address), which shares \(shared) bits, in bucket \(number)")
                }
                if limitsLocal || !NodePlace.isLocal(host) { networksHere[host >> 8, default: 0] += 1 }
            }
            if let largest = networksHere.values.max(), largest > TableChecker.contactsPerNetworkInBucketMax {
                faults.append("has \(largest) contacts of one network in a bucket")
            }
            networks.merge(networksHere, uniquingKeysWith: +)
        }
        if buckets.count != endpoint.bucketCount || !left.isEmpty {
            faults.append(
                "has \(endpoint.bucketCount) buckets, tells of \(buckets.count), and \(left.count) contacts in none")
        }
        if let largest = networks.values.max(), largest > TableChecker.contactsPerNetworkMax {
            faults.append("has \(largest) contacts of one network")
        }
        return faults
    }
}

/// A node's position in the key space, computed without the routing table's code.
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
    /// The leading bits that all ids in a bucket share, as `0` and `1`.
    static func prefix(ofBucket number: Int, isLast: Bool, around own: Bits160) -> String {
        let shared = (0..<number).map { own[bit: $0] }
        return (isLast ? shared : shared + [!own[bit: number]]).map { $0 ? "1" : "0" }.joined()
    }

    /// Whether an IPv4 address is loopback or private.
    static func isLocal(_ host: UInt32) -> Bool {
        let networks: [(UInt32, Int)] = [
            (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16), (0xAC10_0000, 12),
            (0xC0A8_0000, 16),
        ]
        return networks.contains { network, bits in (host ^ network) >> UInt32(32 - bits) == 0 }
    }
}
