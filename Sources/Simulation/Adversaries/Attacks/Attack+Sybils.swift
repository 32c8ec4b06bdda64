internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks with many identities.
extension Attack {
    static let sybils: [Attack] = [
        Attack(
            "sybils", "The addresses of two networks that come closest to a key acknowledge, forget, and find nothing.",
            reliesOn: .prefixLimits, attempt: sybilsNearATarget),
        Attack(
            "eclipse", "120 nodes of three networks surround a newcomer, and name only each other.",
            reliesOn: .prefixLimits, attempt: { eclipse($0, networks: 3) }),
        Attack(
            "eclipse-wide", "120 nodes of eight networks surround a newcomer, and name only each other.",
            knownWeakness: """
                two of a network fit a bucket of eight, so four networks and more can fill those of a newcomer whom they \
                reach before the others do; who has been there longer keeps his contacts
                """,
            attempt: { eclipse($0, networks: 8) }),
        Attack(
            "forgetful", "A quarter of the overlay, from as many networks, acknowledges and forgets.",
            attempt: forgetful),
    ]

    private static func sybilsNearATarget(_ siege: Siege) -> [AttackReport.Measure] {
        let old = siege.publish(2)
        let targets = old.map(\.target) + (0..<2).map { Target(hashing: "new \($0) of \(siege.world.seed)") }
        for target in targets {
            for address in siege.closestAddresses(to: target, ofNetworks: 0..<2, count: 12) {
                siege.addImpostor(
                    at: address, .colluding(with: siege.gang, meeting: siege.honestAddresses))
            }
        }
        siege.world.run(for: .seconds(45))
        let new = targets.suffix(2).enumerated().map { place, target in
            siege.publish(by: siege.honest[place * 7 + 3], under: target)
        }
        siege.world.run(for: .seconds(20))
        let lookups = (old: siege.lookUp(old), new: siege.lookUp(new))
        let holders = new.map { value in siege.holders(of: value).count { $0.index != value.publisher.index } }
        siege.world.run(for: .seconds(30))
        return siege.measures(of: lookups.old, atLeast: 8, finding: 0.9, what: "lookups of what was there before")
            + siege.measures(of: lookups.new, atLeast: 8, finding: 0.9, what: "lookups of what came under it")
            + [
                .atLeast(
                    2, "honest nodes besides its publisher that hold what came under it", Double(holders.min() ?? 0)),
                .noted("sybils", Double(siege.gang.members.count)),
            ]
    }

    private static func eclipse(_ siege: Siege, networks: Int) -> [AttackReport.Measure] {
        let established = siege.honest[5]
        let values = siege.publish(3, farFrom: established)
        let before = siege.contacts(of: established)
        let newcomer = World.publicAddress(1000 + siege.world.machines.count)
        let ring = (0..<120).map { number in
            siege.addImpostor(
                at: siege.address(inNetwork: number % networks, host: number / networks + 1), starts: false)
        }
        let conduct = Conduct.colluding(with: siege.gang, meeting: [newcomer, established.address])
        let machine = siege.addNewcomer(
            knowing: siege.honestAddresses.prefix(2) + siege.gang.members.prefix(4).map(\.node.address))
        for impostor in ring {
            impostor.conduct = conduct
            siege.start(impostor)
        }
        siege.world.run(for: .seconds(60))
        let newcomers = siege.lookUp(values, by: 1, on: [machine])
        let others = siege.lookUp(values, by: 1, on: [established])
        siege.world.run(for: .seconds(40))
        return siege.measures(of: newcomers, atLeast: 3, what: "the newcomer's lookups")
            + siege.measures(of: others, atLeast: 3, what: "an established node's lookups")
            + [
                .atLeast(6, "honest contacts of the newcomer", Double(siege.honestContacts(of: machine))),
                .atMost(
                    60, "contacts of the newcomer that are not",
                    Double(siege.contacts(of: machine).count - siege.honestContacts(of: machine))),
                .none(
                    "contacts of the established node that are lost or moved", siege.lost(before, by: established)),
            ]
    }

    private static func forgetful(_ siege: Siege) -> [AttackReport.Measure] {
        let impostors = (0..<8).map { number in
            siege.addImpostor(at: siege.address(inNetwork: number, host: number + 1), starts: false)
        }
        for impostor in impostors {
            impostor.conduct = Conduct.colluding(with: siege.gang, meeting: siege.honestAddresses)
            siege.start(impostor)
        }
        siege.world.run(for: .seconds(30))
        let values = siege.publish(4)
        let lookups = siege.lookUp(values)
        siege.world.run(for: .seconds(30))
        return siege.measures(of: lookups, atLeast: 16) + [
            .atLeast(
                3, "honest nodes that hold a value, at least",
                Double(values.map { siege.holders(of: $0).count }.min() ?? 0)),
            .noted("stores acknowledged and forgotten", Double(impostors.reduce(0) { $0 + $1.acknowledgedCount })),
        ]
    }
}

extension Siege {
    /// The adversary's addresses whose ids are closest to a target. It can choose nothing else, because the first bits
    /// of an id follow from the address.
    func closestAddresses(to target: Target, ofNetworks networks: Range<Int>, count: Int) -> [Address] {
        let used = Set(gang.members.map(\.node.address))
        return networks.flatMap { network in (1..<255).map { address(inNetwork: network, host: $0) } }
            .filter { !used.contains($0) }
            .map { (address: $0, distance: Distance(NodeID(host: $0.host, mid: Mid(bits: .zero)), target)) }
            .sorted { $0.distance < $1.distance }
            .prefix(count).map(\.address)
    }

    func closestAddress(to target: Target, inNetwork network: Int) -> Address {
        closestAddresses(to: target, ofNetworks: network..<network + 1, count: 1).first
            ?? address(inNetwork: network, host: 1)
    }
}
