internal import DHTCore
internal import IPv8

/// Attacks with old versions, and with other data of the same version.
extension Attack {
    static let versions: [Attack] = [
        Attack(
            "rollback", "Somebody who kept a value's first version stores it on every node once the second is out.",
            reliesOn: .floors, attempt: rollback),
        Attack(
            "rollback-expired", "The first version is stored once the second has expired, and has been swept away.",
            reliesOn: .floors, on: Overlay(adjust: forgetSoon), attempt: rollbackAfterExpiry),
        Attack(
            "equivocation", "A signer has two values of one version: a stranger stores the other one on most nodes.",
            attempt: equivocation),
    ]

    private static func rollback(_ siege: Siege) -> [AttackReport.Measure] {
        let publisher = siege.honest[2]
        let target = Target(hashing: "rollback \(siege.world.seed)")
        let first = siege.publish(by: publisher, version: 1_700_000_000, under: target)
        siege.world.run(for: .seconds(10))
        let second = siege.publish(by: publisher, version: 1_700_000_010, under: target)
        siege.world.run(for: .seconds(10))
        var stale = 0
        siege.tally.servedValue = { if $0 == first.entry { stale += 1 } }
        let depositor = siege.deposit { _, number in
            number < 12 ? .init(target: target, values: [first.entry.bytes]) : nil
        }
        siege.world.run(for: .seconds(30))
        let lookups = siege.lookUp([second], by: 8)
        // Nodes without the value have accepted the first version, which is a value like any other to them. They look
        // it up too.
        siege.world.run(for: .seconds(20))
        let holdersAfter = siege.holders(of: second).count
        let rolledBack = lookups.count { siege.outcome(of: $0)?.entries.contains(first.entry) == true }
        return siege.measures(of: lookups, atLeast: 8, what: "lookups of the second version") + [
            .none("lookups that find the first one", rolledBack),
            .atLeast(8, "nodes that hold the second version", Double(holdersAfter)),
            .noted("stores of the first version acknowledged", Double(depositor.acknowledgedCount)),
            .noted("first versions served, by nodes that never had the second", Double(stale)),
        ]
    }

    /// Makes nodes sweep values away after a minute.
    private static func forgetSoon(_ settings: inout NodeSettings) {
        settings.timing.servedFor = .seconds(30)
        settings.timing.graceAfterExpiry = .seconds(30)
        settings.timing.retainedFor = .seconds(60)
        settings.republishes = false
    }

    private static func rollbackAfterExpiry(_ siege: Siege) -> [AttackReport.Measure] {
        let publisher = siege.honest[2]
        let target = Target(hashing: "rollback \(siege.world.seed)")
        let first = siege.publish(by: publisher, version: 1_700_000_000, under: target)
        siege.world.run(for: .seconds(5))
        let second = siege.publish(by: publisher, version: 1_700_000_010, under: target)
        siege.world.run(for: .seconds(5))
        let holders = siege.holders(of: second)
        siege.world.run(for: .seconds(90))
        for machine in siege.honest { machine.host?.storage.sweep(at: siege.world.now) }
        let swept = holders.count { $0.setup?.storage.held(under: target).isEmpty == true }
        siege.deposit { _, number in number < 12 ? .init(target: target, values: [first.entry.bytes]) : nil }
        siege.world.run(for: .seconds(15))
        let wentBack = holders.count { machine in
            machine.setup?.storage.held(under: target).contains { $0.entry == first.entry } == true
        }
        return [
            .none("nodes that had the second version and hold the first", wentBack),
            .atLeast(5, "nodes from which the second was swept away", Double(swept)),
        ]
    }

    private static func equivocation(_ siege: Siege) -> [AttackReport.Measure] {
        let publisher = siege.honest[2]
        let target = Target(hashing: "equivocation \(siege.world.seed)")
        let value = siege.publish(by: publisher, version: 1_700_000_000, under: target)
        siege.world.run(for: .seconds(10))
        guard let signer = publisher.setup?.identity,
            let twin = try? signer.entry(Array("twin".utf8), version: Version(1_700_000_000))
        else { preconditionFailure("a short value fits an entry") }
        let held = siege.holders(of: value)
        // Nodes that look the value up must have neither.
        let seekers = Array(siege.honest.filter { machine in !held.contains { $0 === machine } }.suffix(8))
        siege.deposit(sparing: seekers) { _, number in
            number < 12 ? .init(target: target, values: [twin.bytes]) : nil
        }
        siege.world.run(for: .seconds(20))
        let lookups = siege.lookUp([value], by: 8, on: seekers)
        siege.world.run(for: .seconds(20))
        let kept = Set(siege.holders(of: value).map(\.index))
        let neither = lookups.count { siege.outcome(of: $0)?.entries.contains { $0.id == value.entry.id } != true }
        let two = lookups.count { siege.outcome(of: $0)?.entries.count { $0.id == value.entry.id } ?? 0 > 1 }
        // Then the signer itself stores the other value: every node accepts the later of a signer's own two.
        siege.world.start(
            Depositor(signer, on: held.map(\.address)) { _, number in
                number < 3 ? .init(target: target, values: [twin.bytes]) : nil
            }, on: publisher)
        siege.world.run(for: .seconds(20))
        let changed = held.count { machine in
            machine.index != publisher.index
                && machine.setup?.storage.held(under: target).contains { $0.entry == twin } == true
        }
        // A node that first hears from one without the value cannot tell which of the two came first.
        return siege.measures(of: lookups, atLeast: 8, finding: 0.5) + [
            .none("lookups that find neither of the two", neither),
            .none("nodes that gave up the value for a stranger's", held.count { !kept.contains($0.index) }),
            .none("lookups that find two values of one signer", two),
            .atLeast(
                1, "share of the holders that took the signer's own",
                Double(changed) / Double(max(1, held.count { $0.index != publisher.index }))),
        ]
    }
}

extension Siege {
    /// Makes the adversary store something on every honest node except some.
    @discardableResult
    func deposit(
        sparing spared: [Machine] = [],
        _ batches: @escaping (_ node: Int, _ number: Int) -> Depositor.Batch?
    ) -> Depositor {
        let nodes = honest.filter { machine in !spared.contains { $0 === machine } }
        let depositor = Depositor(newIdentity(), on: nodes.map(\.address), batches)
        start(depositor, at: address(inNetwork: 40, host: 1))
        return depositor
    }
}
