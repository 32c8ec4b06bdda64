internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks by identities: many that pretend to be many.
extension Attack {
    static let sybils: [Attack] = [
        Attack(
            "sybils", "The addresses of two networks that come closest to a key acknowledge, forget, and find nothing.",
            reliesOn: .prefixLimits, attempt: sybilsNearATarget),
        Attack(
            "eclipse", "120 nodes of three networks surround a newcomer, and name only each other.",
            reliesOn: .prefixLimits, attempt: { eclipse(seed: $0, without: $1, networks: 3) }),
        Attack(
            "eclipse-wide", "120 nodes of eight networks surround a newcomer, and name only each other.",
            knownWeakness: """
                two of a network fit a bucket of eight, so four networks and more can fill those of a newcomer whom they \
                reach before the others do; who has been there longer keeps his contacts
                """,
            attempt: { eclipse(seed: $0, without: $1, networks: 8) }),
        Attack(
            "forgetful", "A quarter of the overlay, from as many networks, acknowledges and forgets.",
            attempt: forgetful),
    ]

    private static func sybilsNearATarget(seed: UInt64, without defence: Defence?) -> [AttackReport.Measure] {
        let siege = Siege(seed: seed, without: defence)
        let old = siege.publish(2)
        let targets = old.map(\.target) + (0..<2).map { Target(hashing: "new \($0) of \(seed)") }
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
        let searches = (old: siege.lookUp(old), new: siege.lookUp(new))
        let holders = new.map { siege.holders(of: $0).filter { $0.index != siege.honest[3].index }.count }
        siege.world.run(for: .seconds(30))
        return [
            .atLeast(0.9, "share of lookups that find what was there before", siege.share(of: searches.old)),
            .atLeast(0.9, "share of lookups that find what came under it", siege.share(of: searches.new)),
            .atLeast(2, "honest nodes that hold what came under it, at least", Double(holders.min() ?? 0)),
            .noted("sybils", Double(siege.gang.members.count)),
        ]
    }

    private static func eclipse(
        seed: UInt64, without defence: Defence?, networks: Int
    ) -> [AttackReport.Measure] {
        let siege = Siege(seed: seed, without: defence)
        let values = siege.publish(3)
        let established = siege.honest[5]
        let before = siege.honestContacts(of: established)
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
        return [
            .atLeast(1, "share of the newcomer's lookups that find the value", siege.share(of: newcomers)),
            .atLeast(1, "share of an established node's lookups", siege.share(of: others)),
            .atLeast(6, "honest contacts of the newcomer", Double(siege.honestContacts(of: machine))),
            .atMost(
                60, "contacts of the newcomer that are not",
                Double(siege.contacts(of: machine).count - siege.honestContacts(of: machine))),
            .atLeast(
                1, "honest contacts of the established node, of those before",
                Double(siege.honestContacts(of: established)) / Double(before)),
        ]
    }

    private static func forgetful(seed: UInt64, without defence: Defence?) -> [AttackReport.Measure] {
        let siege = Siege(seed: seed, without: defence)
        let impostors = (0..<8).map { number in
            siege.addImpostor(at: siege.address(inNetwork: number, host: number + 1), starts: false)
        }
        for impostor in impostors {
            // They name honest nodes too, or they would stand out.
            impostor.conduct = Conduct.colluding(with: siege.gang, meeting: siege.honestAddresses)
            siege.start(impostor)
        }
        siege.world.run(for: .seconds(30))
        let values = siege.publish(4)
        let searches = siege.lookUp(values)
        siege.world.run(for: .seconds(30))
        return [
            .atLeast(1, "share of lookups that find the value", siege.share(of: searches)),
            .atLeast(
                3, "honest nodes that hold a value, at least",
                Double(values.map { siege.holders(of: $0).count }.min() ?? 0)),
            .noted("stores acknowledged and forgotten", Double(impostors.reduce(0) { $0 + $1.acknowledgedCount })),
        ]
    }
}

extension Siege {
    /// The addresses of the adversary's networks whose ids are closest to a target: all that it can choose, since the first
    /// bits of an id follow from the address.
    func closestAddresses(to target: Target, ofNetworks networks: Range<Int>, count: Int) -> [Address] {
        let used = Set(gang.members.map(\.node.address))
        return networks.flatMap { network in (1..<255).map { address(inNetwork: network, host: $0) } }
            .filter { !used.contains($0) }
            .map { (address: $0, distance: Distance(NodeID(host: $0.host, mid: Mid(bits: .zero)), target)) }
            .sorted { $0.distance < $1.distance }
            .prefix(count).map(\.address)
    }
}
