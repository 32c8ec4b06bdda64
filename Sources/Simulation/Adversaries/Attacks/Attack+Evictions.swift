internal import DHTCore
internal import IPv8

/// Attacks on the room that values have.
extension Attack {
    static let evictions: [Attack] = [
        Attack(
            "evict-unsigned", "Unsigned values are stored under a key on every node until there is room for no more.",
            attempt: { crowd(seed: $0, without: $1, isSigned: false, comesFirst: false) }),
        Attack(
            "evict-signed",
            "Values by ever new signers, the same on every node, are stored under a key that is in use.",
            attempt: { crowd(seed: $0, without: $1, isSigned: true, comesFirst: false) }),
        Attack(
            "evict-distinct", "Values by ever new signers, other ones on every node, are stored under a key in use.",
            attempt: { crowd(seed: $0, without: $1, isSigned: true, comesFirst: false, isSame: false) }),
        Attack(
            "squat", "Values by ever new signers fill a key on every node before its first value comes.",
            attempt: { crowd(seed: $0, without: $1, isSigned: true, comesFirst: true) }),
    ]

    private static func crowd(
        seed: UInt64, without defence: Defence?, isSigned: Bool, comesFirst: Bool, isSame: Bool = true
    ) -> [AttackReport.Measure] {
        let siege = Siege(seed: seed, without: defence, honest: 12, settle: .seconds(30))
        let target = Target(hashing: "crowded \(seed)")
        let publisher = siege.honest[4]
        var values: [Siege.Published] = []
        if !comesFirst {
            values.append(siege.publish(by: publisher, under: target))
            siege.world.run(for: .seconds(15))
        }
        let made = Crowd(siege, isSigned: isSigned, isSame: isSame)
        let depositor = siege.deposit { node, number in
            number < 34 ? .init(target: target, values: made.batch(node, number)) : nil
        }
        siege.world.run(for: .seconds(25))
        if comesFirst { values.append(siege.publish(by: publisher, under: target)) }
        siege.world.run(for: .seconds(15))
        let searches = siege.lookUp(values, by: 2)
        siege.world.run(for: .seconds(75))
        let largest = siege.honest.map { $0.setup?.storage.held(under: target).count ?? 0 }.max() ?? 0
        let holders = siege.holders(of: values[0]).count { $0.index != publisher.index }
        let unfinished = searches.count { siege.outcome(of: $0) == nil }
        return [
            .atLeast(1, "share of lookups that find the honest value", siege.share(of: searches)),
            .atLeast(5, "other nodes that hold the honest value", Double(holders)),
            .atMost(321, "values of one key on one node", Double(largest)),
            .none("lookups that are not over after 75 s", unfinished),
            .noted("stores acknowledged to the adversary", Double(depositor.acknowledgedCount)),
            .noted("dropped: no room", Double(siege.drops("no_room"))),
        ]
    }
}

/// Values without end, each one another's.
private final class Crowd {
    private let siege: Siege
    private let isSigned: Bool
    private let isSame: Bool
    private var made: [Int: [[UInt8]]] = [:]

    init(_ siege: Siege, isSigned: Bool, isSame: Bool) {
        self.siege = siege
        self.isSigned = isSigned
        self.isSame = isSame
    }

    func batch(_ node: Int, _ number: Int) -> [[UInt8]] {
        let key = isSame ? number : node << 16 | number
        if let known = made[key] { return known }
        let values = (0..<StoreRequest.valueCountMax).map { place in
            let data = [UInt8(key >> 16 & 0xFF), UInt8(key >> 8 & 0xFF), UInt8(key & 0xFF), UInt8(place)]
            // The latest version comes first among those of a key.
            let entry =
                isSigned ? try? siege.newIdentity().entry(data, version: Version(.max)) : try? Entry(unsigned: data)
            return entry?.bytes ?? []
        }
        made[key] = values
        return values
    }
}
