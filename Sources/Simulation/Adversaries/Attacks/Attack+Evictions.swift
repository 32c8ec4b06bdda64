internal import DHTCore
internal import IPv8

/// Attacks that fill the places under a key.
extension Attack {
    static let evictions: [Attack] = [
        Attack(
            "evict-unsigned", "Unsigned values are stored under a key on every node until there is room for no more.",
            on: crowded, attempt: { crowd($0, isSigned: false, comesFirst: false) }),
        Attack(
            "evict-signed",
            "Values by ever new signers, the same on every node, are stored under a key that is in use.",
            on: crowded, attempt: { crowd($0, isSigned: true, comesFirst: false) }),
        Attack(
            "evict-distinct", "Values by ever new signers, other ones on every node, are stored under a key in use.",
            on: crowded, attempt: { crowd($0, isSigned: true, comesFirst: false, isSame: false) }),
        Attack(
            "squat", "Values by ever new signers fill a key on every node before its first value comes.",
            on: crowded, attempt: { crowd($0, isSigned: true, comesFirst: true) }),
    ]

    private static let crowded = Overlay(count: 16, settle: .seconds(30))

    private static func crowd(
        _ siege: Siege, isSigned: Bool, comesFirst: Bool, isSame: Bool = true
    ) -> [AttackReport.Measure] {
        let target = Target(hashing: "crowded \(siege.world.seed)")
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
        let lookups = siege.lookUp(values, by: 4)
        siege.world.run(for: .seconds(75))
        let placesMax = ModelArchive.Limits().signed + ModelArchive.Limits().unsigned
        let served = siege.honest.map { machine in
            machine.setup?.storage.page(of: target, offset: 0, limit: 2 * placesMax, at: siege.world.now).count ?? 0
        }
        let holders = siege.holders(of: values[0]).count { $0.index != publisher.index }
        let unfinished = lookups.count { siege.outcome(of: $0) == nil }
        return siege.measures(of: lookups, atLeast: 4) + [
            .atLeast(5, "other nodes that hold the honest value", Double(holders)),
            // The honest value is there besides the unsigned ones.
            .atMost(
                Double(isSigned ? ModelArchive.Limits().signed : ModelArchive.Limits().unsigned + 1),
                "values of the key that one node serves", Double(served.max() ?? 0)),
            .none("lookups that are not over after 75 s", unfinished),
            .noted("stores acknowledged to the adversary", Double(depositor.acknowledgedCount)),
            .noted("dropped: no room", Double(siege.drops("no_room"))),
        ]
    }
}

/// Endless values, each with another signer.
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
            // Of the values of a key, the latest version comes first.
            let entry =
                isSigned ? try? siege.newIdentity().entry(data, version: Version(.max)) : try? Entry(unsigned: data)
            return entry?.bytes ?? []
        }
        made[key] = values
        return values
    }
}
