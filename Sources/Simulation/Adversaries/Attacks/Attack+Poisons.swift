internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks with malicious answers.
extension Attack {
    static let poisons: [Attack] = [
        Attack(
            "poisoned-nodes",
            "Six nodes name nobody that is: made-up keys at a bystander's and at impossible addresses.",
            reliesOn: .ownAnswers, attempt: poisonedNodes),
        Attack(
            "ghosts",
            "Six nodes close to keys name others that would be closest, each in another network, and are not there.",
            reliesOn: .ownAnswers, attempt: ghosts),
        Attack(
            "poisoned-values",
            "Six nodes close to keys answer with altered, oversized, too many and meaningless values.",
            reliesOn: .signatures, attempt: poisonedValues),
    ]

    private static let impossible: [Address] = [
        "0.0.0.0:8090", "224.0.0.1:8090", "239.255.255.250:1900", "255.255.255.255:8090", "240.0.0.1:8090",
        "127.0.0.1:53", "127.0.0.1:8090", "23.45.67.89:0",
    ].compactMap { Address($0) }

    private static func poisonedNodes(_ siege: Siege) -> [AttackReport.Measure] {
        let values = siege.publish(4)
        let bystander = siege.address(inNetwork: 20, host: 1)
        siege.tally.bystanders = [bystander.host]
        var names = SeededGenerator(seed: siege.world.seed, stream: 0x706F_6973)
        var namedCount = 0
        for number in 0..<6 {
            var conduct = Conduct()
            conduct.meets = siege.honestAddresses
            conduct.introduces = impossible + [bystander]
            conduct.names = { _ in
                (0..<8).map { place in
                    namedCount += 1
                    let key = siege.newIdentity().publicKey
                    if place < 4, let address = impossible.randomElement(using: &names) {
                        return NodeInfo(address: address, publicKey: key)
                    }
                    let port = UInt16.random(in: 1024...60_000, using: &names)
                    return NodeInfo(address: Address(host: bystander.host, port: port), publicKey: key)
                }
            }
            siege.addImpostor(at: siege.address(inNetwork: number, host: 9), conduct)
        }
        siege.world.run(for: .seconds(40))
        let lookups = siege.lookUp(values)
        siege.world.run(for: .seconds(50))
        let invented = siege.honest.reduce(0) { sum, machine in
            sum
                + siege.contacts(of: machine).count { contact in
                    contact.node.address.host == bystander.host || impossible.contains(contact.node.address)
                }
        }
        return siege.measures(of: lookups, atLeast: 16, finding: 0.95) + [
            .none("contacts that nobody is", invented),
            .none("datagrams to impossible addresses", siege.tally.toNowhere),
            .atMost(
                1, "datagrams to the bystander for each one of the adversary's",
                Double(siege.tally.toBystanders.datagrams) / Double(max(1, siege.tally.fromAdversary.datagrams))),
            .noted("datagrams to the bystander", Double(siege.tally.toBystanders.datagrams)),
            .noted("invented nodes named", Double(namedCount)),
        ]
    }

    private static func ghosts(_ siege: Siege) -> [AttackReport.Measure] {
        let old = siege.publish(2)
        let new = (0..<2).map { Target(hashing: "haunted \($0) of \(siege.world.seed)") }
        let targets = old.map(\.target) + new
        let ghosts = Ghosts(siege, around: targets)
        for number in 0..<6 {
            var conduct = Conduct()
            conduct.meets = siege.honestAddresses
            conduct.names = { ghosts.closest(to: $0, share: number) }
            let target = targets[number % targets.count]
            siege.addImpostor(at: siege.closestAddress(to: target, inNetwork: number), conduct)
        }
        siege.world.run(for: .seconds(40))
        let values = new.enumerated().map { place, target in
            siege.publish(by: siege.honest[place * 7 + 3], under: target)
        }
        siege.world.run(for: .seconds(50))
        let lookups = siege.lookUp(old + values, by: 8)
        siege.world.run(for: .seconds(50))
        let contacts = siege.honest.flatMap { siege.contacts(of: $0) }.count {
            ghosts.hosts.contains($0.node.address.host)
        }
        return siege.measures(of: lookups, atLeast: 32) + [
            .none("contacts that nobody is", contacts),
            .none("lookups that are not over after 50 s", lookups.count { siege.outcome(of: $0) == nil }),
            .atLeast(
                5, "honest nodes that hold what came under it, at least",
                Double(values.map { siege.holders(of: $0).count }.min() ?? 0)),
        ]
    }

    private static func poisonedValues(_ siege: Siege) -> [AttackReport.Measure] {
        let values = siege.publish(4)
        for number in 0..<6 {
            var conduct = Conduct()
            conduct.meets = siege.honestAddresses
            conduct.values = { target in
                guard let value = values.first(where: { $0.target == target }) else { return [[0, 7]] }
                return Attack.poisons(for: value.entry, besides: values[3].entry, number)
            }
            let target = values[number % values.dropLast().count].target
            siege.addImpostor(at: siege.closestAddress(to: target, inNetwork: number), conduct)
        }
        siege.world.run(for: .seconds(40))
        let lookups = siege.lookUp(values.dropLast())
        siege.world.run(for: .seconds(75))
        let genuine = Set(values.map(\.entry))
        let forged = lookups.reduce(0) { sum, lookup in
            sum + (siege.outcome(of: lookup)?.entries.count { $0.signature != nil && !genuine.contains($0) } ?? 0)
        }
        let skipped = siege.honest.reduce(0) { $0 + ($1.host?.node.counters.valuesSkipped ?? 0) }
        return siege.measures(of: lookups, atLeast: 12) + [
            .none("forged values in what lookups found", forged),
            .none("lookups that are not over after 75 s", lookups.count { siege.outcome(of: $0) == nil }),
            .noted("values skipped", Double(skipped)),
        ]
    }

    /// Answers in place of a value: altered data, a later version, another signer's name, an oversized value, nonsense.
    private static func poisons(for entry: Entry, besides other: Entry, _ kind: Int) -> [[UInt8]] {
        var altered = entry.bytes
        altered[3] ^= 1
        var later = entry.bytes
        later[3 + entry.data.count] = 0xFF
        let oversized = [UInt8](repeating: 0, count: Entry.byteCountMax + 1)
        return switch kind {
        case 0: [altered]
        case 1: [later, altered]
        case 2: Array(repeating: oversized, count: 8)
        case 3: [[], [9], [1, 0], Array(entry.bytes.dropLast()), other.bytes]
        case 4: (0..<8).map { [0, UInt8($0)] } + [later]
        default: [later] + Array(repeating: altered, count: 7)
        }
    }
}

/// Nodes that do not exist, each in its own network, close to the keys that they hide.
private final class Ghosts {
    private(set) var hosts: Set<IPAddress> = []
    private var closest: [Target: [NodeInfo]] = [:]

    /// The number of addresses to choose from, and of nodes to name.
    private static let choice = 1000
    private static let count = 6 * FindResponse.nodeCountMax

    init(_ siege: Siege, around targets: [Target]) {
        var numbers = SeededGenerator(seed: siege.world.seed, stream: 0x6768_6F73)
        let addresses = (0..<Ghosts.choice).map { _ in
            Address(host: .v4(200 << 24 | UInt32(truncatingIfNeeded: numbers.next()) & 0x00FF_FFFF), port: 8090)
        }
        for target in targets {
            closest[target] =
                addresses
                .map { (address: $0, distance: Distance(NodeID(host: $0.host, mid: Mid(bits: .zero)), target)) }
                .sorted { $0.distance < $1.distance }
                .prefix(Ghosts.count)
                .map { NodeInfo(address: $0.address, publicKey: siege.newIdentity().publicKey) }
        }
        hosts = Set(addresses.map(\.host))
    }

    /// Some of the closest to a target, different for each node that names them.
    func closest(to target: Target, share: Int) -> [NodeInfo] {
        let all = closest[target] ?? []
        return (0..<FindResponse.nodeCountMax).map { $0 * 6 + share }.filter(all.indices.contains).map { all[$0] }
    }
}
