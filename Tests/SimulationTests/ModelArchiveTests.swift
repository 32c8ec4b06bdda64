import IPv8
import Kademlia
import Maintenance
import Testing

@testable import Archive
@testable import DHTCore
@testable import Simulation

@Suite struct ModelArchiveTests {
    @Test(arguments: [1, 2, 3, 4, 5, 12] as [UInt64]) func answersLikeTheArchive(seed: UInt64) throws {
        var trial = try Trial(seed: seed, .ample)
        try answersAlike(&trial, steps: 160)
    }

    /// Where there are places for a few values, what has expired retires, networks give up what they have had longest, and
    /// values are refused.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func answersLikeTheArchiveUnderFullKeys(seed: UInt64) throws {
        var trial = try Trial(seed: seed, .tight)
        try answersAlike(&trial, steps: 240)
        #expect(trial.happened("evicted.served") > 0)
        #expect(trial.happened("refused.target_quota") > 0)
        #expect(trial.happened("retired") > 0)
    }

    private func answersAlike(_ trial: inout Trial, steps: Int) throws {
        for step in 0..<steps {
            try trial.act()
            let difference = trial.difference()
            #expect(difference == nil, "seed \(trial.seed), step \(step), after \(trial.lastAct)")
            if difference != nil { return }
        }
        #expect(trial.real.failures.isEmpty)
    }

    /// A model that is wrong is found out.
    @Test(arguments: [Sabotage.forgetsVersions, .servesExpired, .altersValues, .keepsAliveForEver])
    func aWrongModelAnswersOtherwise(sabotage: Sabotage) throws {
        #expect(try differs(.ample) { ModelArchive(timing: $0, limits: $1, sabotage: [sabotage]) })
    }

    /// So is one with a place more.
    @Test(arguments: [true, false]) func aRoomierModelAnswersOtherwise(isForSigned: Bool) throws {
        let differs = try differs(.tight) { timing, limits in
            var limits = limits
            if isForSigned { limits.signed += 1 } else { limits.unsigned += 1 }
            return ModelArchive(timing: timing, limits: limits)
        }
        #expect(differs)
    }

    private func differs(
        _ room: Trial.Room, _ model: (StorageTiming, ModelArchive.Limits) -> ModelArchive
    ) throws -> Bool {
        try (UInt64(1)...4).contains { seed in
            var trial = try Trial(seed: seed, room, model)
            for _ in 0..<160 {
                try trial.act()
                if trial.difference() != nil { return true }
            }
            return false
        }
    }
}

extension RealArchive {
    /// What is known of each value, as text, in the order of ids.
    fileprivate func facts(under target: Target) -> [String] {
        let served = (try? archive.records(of: target)) ?? []
        let retained = (try? archive.retainedRecords(of: target)) ?? []
        return [(served, false), (retained, true)].flatMap { records, isRetained in
            records.map { record in
                "\(record.entry.id) \(record.entry.bytes.count) \(record.firstSeen) \(record.lastStored) \(record.expiresAt)"
                    + " \(isRetained ? ModelArchive.Place.retained : .served) \(holder(of: record))"
            }
        }.sorted()
    }

    private func holder(of record: ArchivedRecord) -> ModelArchive.Holder {
        switch record.provenance {
        case .publishedHere: record.isWithdrawn ? .withdrawn : .theOperator
        case .received(_, let address): .network(ModelArchive.Network(address.host))
        }
    }
}

extension ModelArchive {
    fileprivate func facts(under target: Target) -> [String] {
        (holdings[target] ?? []).map { held in
            "\(held.id) \(held.entry.bytes.count) \(held.firstSeen) \(held.lastStored) \(held.expiresAt)"
                + " \(held.place) \(held.holder)"
        }.sorted()
    }
}

/// The archive and its model side by side, to which the same things happen at random.
private struct Trial {
    let seed: UInt64
    let real: RealArchive
    let model: ModelArchive
    private(set) var lastAct = ""
    /// Where the two have said different things about a change.
    private var otherOutcome: String?
    private var counters: [String: Int] = [:]
    private let room: Room
    private let timing = StorageTiming()
    private var now = Instant(seconds: 1_700_000_000)
    private var generator: SeededGenerator
    private let signers: [Identity]
    private let targets: [Target]
    private let senders: [Address]
    private var known: [(target: Target, entry: Entry)] = []

    /// How many places there are under a key, and for what.
    enum Room {
        /// For everything that comes.
        case ample
        /// For half of it.
        case tight
    }

    init(
        seed: UInt64, _ room: Room,
        _ makeModel: (StorageTiming, ModelArchive.Limits) -> ModelArchive = { ModelArchive(timing: $0, limits: $1) }
    ) throws {
        self.seed = seed
        self.room = room
        generator = SeededGenerator(seed: seed)
        var limits = ModelArchive.Limits()
        if room == .tight { (limits.signed, limits.unsigned) = (4, 3) }
        real = try RealArchive(timing, limits: limits, now: now)
        model = makeModel(timing, limits)
        signers = (0..<(room == .tight ? 9 : 4)).map { Identity(number: UInt64($0), .modelled) }
        // One of them is a signer's own.
        targets =
            (0..<(room == .tight ? 1 : 3)).map { Target(hashing: "key \($0)") }
            + [Target(bits: signers[0].publicKey.mid.bits)]
        // Three hosts in each of four networks.
        senders = (0..<12).map { number in
            let (network, host) = (UInt64(number / 3), UInt64(number % 3 + 1))
            let address: IPAddress =
                network == 3 ? .v6(0x2001_0DB8_0001_0000, host) : .v4(UInt32(0x1E00_0000 + network << 8 + host))
            return Address(host: address, port: 8090)
        }
    }

    /// How often the archive has counted something.
    func happened(_ name: String) -> Int { counters[name, default: 0] + real.archive.keepingCounters[name, default: 0] }

    mutating func act() throws {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<9: try store()
        case 9, 10: refresh()
        case 11: withdraw()
        case 12: if Int.random(in: 0..<8, using: &generator) == 0 { apply(.pin(anyTarget()), "pin") }
        case 13, 14: note()
        case 15: sweep()
        case 16: reopen()
        default: wait()
        }
    }

    private mutating func anyTarget() -> Target { targets.randomElement(using: &generator) ?? targets[0] }

    private mutating func apply(_ change: StorageChange, _ name: String) {
        lastAct = name
        let (left, right) = (real.commit([change], at: now), model.commit([change], at: now))
        if left != right { otherOutcome = "\(name): \(String(describing: left)) is not \(String(describing: right))" }
    }

    private mutating func entry(by signer: Identity) throws -> Entry {
        let data = [UInt8.random(in: 0..<(room == .tight ? 7 : 3), using: &generator)]
        guard Int.random(in: 0..<4, using: &generator) > 0 else { return try Entry(unsigned: data) }
        // Around the present, so that some were signed before they came and some after.
        let version = UInt32(now.seconds - 600 + Int64.random(in: 0..<4, using: &generator) * 300)
        return try signer.entry(data, version: Version(version))
    }

    private mutating func store() throws {
        let target = anyTarget()
        let signer = signers.randomElement(using: &generator) ?? signers[0]
        let sender = Bool.random(using: &generator) ? signer : signers[3]
        // One network brings more than the others.
        let address =
            (Bool.random(using: &generator) ? senders : Array(senders.prefix(3)))
            .randomElement(using: &generator) ?? senders[0]
        let isOld = !known.isEmpty && Int.random(in: 0..<3, using: &generator) == 0
        let entries =
            isOld
            ? [known.randomElement(using: &generator)?.entry].compactMap { $0 }
            : try (0..<Int.random(in: 1...3, using: &generator)).map { _ in try entry(by: signer) }
        let lives: [Int64] = [3600, 1800, 450, 30]
        let expiresAt = now + .seconds(lives.randomElement(using: &generator) ?? 3600)
        let isOurs = Int.random(in: 0..<4, using: &generator) == 0
        let provenance: Provenance =
            isOurs ? .publishedHere : .received(from: sender.publicKey.mid, at: address)
        known += entries.map { (target, $0) }
        apply(
            .store(StoreChange(target: target, entries: entries, expiresAt: expiresAt, provenance: provenance)),
            "store of \(entries.count)")
    }

    private mutating func refresh() {
        guard let (target, entry) = known.randomElement(using: &generator) else { return }
        let until = now + .seconds(Int64.random(in: 0..<3600, using: &generator))
        let intent = RefreshChange(
            target: target, values: [RefreshChange.Refreshed(entry: entry, servedUntil: until)])
        apply(.refresh(intent), "refresh")
    }

    private mutating func withdraw() {
        guard let (target, entry) = known.randomElement(using: &generator) else { return }
        apply(.withdraw(target, entry), "withdrawal")
    }

    private mutating func note() {
        let outcomes: [RepublishResult.Outcome] = [.stored, .unanswered, .othersCloser]
        let report = RepublishResult(
            target: anyTarget(), outcome: outcomes.randomElement(using: &generator) ?? .stored, holders: [],
            retryAt: Bool.random(using: &generator) ? now + .seconds(300) : nil,
            sought: Bool.random(using: &generator) ? RepublishResult.Sought(answered: 8, found: 3) : nil)
        lastAct = "report"
        real.note(report, at: now)
        model.note(report, at: now)
    }

    private mutating func sweep() {
        lastAct = "sweep"
        real.sweep(at: now)
        model.sweep(at: now)
    }

    private mutating func reopen() {
        lastAct = "reopening"
        counters.merge(real.archive.keepingCounters, uniquingKeysWith: +)
        real.powerLost()
        model.powerLost()
    }

    /// Seconds, minutes, hours or days; now and then the clock is set back.
    private mutating func wait() {
        let spans: [Int64] = [1, 20, 70, 600, 2400, 2700, 5000, 9 * 86_400, -7000]
        let isShort = room == .tight && Int.random(in: 0..<3, using: &generator) > 0
        let span = (isShort ? spans.prefix(3) : spans[...]).randomElement(using: &generator) ?? 1
        lastAct = "\(span) s"
        now = now + .seconds(span) + .nanoseconds(Int64.random(in: 0..<1_000_000, using: &generator))
    }

    /// What the two answer differently; nothing where they agree.
    func difference() -> String? {
        if let otherOutcome { return otherOutcome }
        for target in targets {
            for offset in [0, 2] {
                let (left, right) = (
                    real.page(of: target, offset: offset, limit: 8, at: now),
                    model.page(of: target, offset: offset, limit: 8, at: now)
                )
                if left != right { return "page of \(target) from \(offset): \(left) is not \(right)" }
            }
            let (left, right) = (real.facts(under: target), model.facts(under: target))
            if left != right { return "held under \(target): \(left) is not \(right)" }
        }
        for (left, right) in zip(real.republishable(targets, at: now), model.republishable(targets, at: now))
        where left != right {
            return "to be stored again: \(text(left)) is not \(text(right))"
        }
        let (left, right) = (due(of: real), due(of: model))
        return left == right ? nil : "due: \(left) is not \(right)"
    }

    /// What is due, in the order of keys. When the next key is due the archive tells too early where keys are pinned.
    private func due(of storage: any Storage) -> DueKeys {
        var due = storage.dueKeys(at: now, limit: 100)
        due.keys.sort { $0.target.bits < $1.target.bits }
        if !model.pins.isEmpty { due.nextDue = nil }
        return due
    }

    private func text(_ target: RepublishableTarget) -> String {
        let values = target.values.map { value in
            "\(value.entry.id) \(value.entry.signature?.version.number ?? 0) \(Array(value.entry.data)) \(String(describing: value.servedUntil))"
        }
        return "\(target.target): \(values)"
    }
}
