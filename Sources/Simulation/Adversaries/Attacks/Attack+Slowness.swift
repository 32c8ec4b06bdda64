internal import DHTCore
internal import IPv8
internal import Kademlia

/// Attacks with late answers.
extension Attack {
    static let slowness: [Attack] = [
        Attack(
            "slow-within", "Eight nodes answer finds after 1.9 s and all else after 4.8 s: just in time, and in vain.",
            attempt: { slow($0, find: .milliseconds(1880), other: .milliseconds(4780)) }),
        Attack(
            "slow-beyond", "Eight nodes answer finds after 2.1 s and all else after 5.1 s: just too late.",
            attempt: { slow($0, find: .milliseconds(2050), other: .milliseconds(5050)) }),
    ]

    private static func slow(_ siege: Siege, find: Duration, other: Duration) -> [AttackReport.Measure] {
        let values = siege.publish(3)
        let impostors = (0..<8).map { number in
            siege.addImpostor(at: siege.address(inNetwork: number, host: 3), starts: false)
        }
        for impostor in impostors {
            impostor.conduct = .colluding(with: siege.gang, meeting: siege.honestAddresses)
            impostor.conduct.findDelay = find
            impostor.conduct.pingDelay = other
            siege.start(impostor)
        }
        siege.world.run(for: .seconds(40))
        let lookups = siege.lookUp(values)
        var finished: [Int] = []
        for _ in 0..<60 {
            siege.world.run(for: .seconds(1))
            finished.append(lookups.count { siege.outcome(of: $0) != nil })
        }
        let slowest = (finished.firstIndex { $0 == lookups.count } ?? finished.count) + 1
        let half = (finished.firstIndex { 2 * $0 >= lookups.count } ?? finished.count) + 1
        let addresses = Set(siege.gang.members.map(\.node.address))
        let contacts = siege.honest.reduce(0) { sum, machine in
            sum + siege.contacts(of: machine).count { addresses.contains($0.node.address) }
        }
        let isLate = other > .seconds(5)
        return siege.measures(of: lookups, atLeast: 12) + [
            .atMost(30, "seconds until the slowest lookup is over", Double(slowest)),
            isLate
                ? .none("contacts that never answer in time", contacts)
                : .noted("contacts that answer just in time", Double(contacts)),
            .noted("seconds until half of the lookups are over", Double(half)),
        ]
    }
}
