import IPv8
import SplitMix
import Synchronization
import Testing

@testable import Archive

/// Random courses of stores, sweeps, pins and forgetting. A course that fails is named by its seed.
@Suite struct KeepingPropertyTests {
    private static let targets =
        (0..<4).map { Target(hashing: "\($0)") } + [Target(bits: Sample.key.publicKey.mid.bits)]
    private static let keys = [Sample.key, Sample.otherKey, Sample.makeKey(3)]

    private static func entry(_ random: inout SplitMix64, versions: UInt32) throws -> Entry {
        if Bool.random(using: &random) { return try Sample.unsigned("u\(Int.random(in: 0..<5, using: &random))") }
        let version = UInt32.random(in: 1...versions, using: &random)
        return try Sample.signed(
            "\(Int.random(in: 0..<2, using: &random))", version: version,
            by: keys[Int.random(in: 0..<3, using: &random)])
    }

    private static func subject(_ random: inout SplitMix64) -> ArchiveSubject {
        Bool.random(using: &random)
            ? .key(targets[Int.random(in: 0..<targets.count, using: &random)])
            : .signer(keys[Int.random(in: 0..<3, using: &random)].publicKey.mid)
    }

    @Test(arguments: 0..<5)
    func archiveDoesWhatTheModelDoes(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var options = ArchiveOptions.small
        options.retention.signed = .seconds(40_000)
        options.retention.unsigned = .seconds(9000)
        options.retention.pinned = .seconds(200_000)
        let folder = try Folder()
        var archive = try folder.open(options)
        var model = KeepingModel(retention: options.retention)
        var now = Instant.start
        for step in 0..<250 {
            now = now + Int.random(in: 1...900, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case ..<75:
                let entry = try KeepingPropertyTests.entry(&random, versions: 12)
                let target = KeepingPropertyTests.targets[Int.random(in: 0..<5, using: &random)]
                let expiresAt = now + Int.random(in: 10...8000, using: &random)
                let isFromSigner = entry.signature != nil && Int.random(in: 0..<4, using: &random) == 0
                let isPublished = Int.random(in: 0..<9, using: &random) == 0
                let signer = entry.signature.map { $0.signer.mid } ?? Sample.sender
                let provenance: Provenance =
                    isPublished
                    ? .publishedHere : .received(from: isFromSigner ? signer : Sample.sender, at: Sample.address)
                let change = StoreChange(target: target, entries: [entry], expiresAt: expiresAt, provenance: provenance)
                let expected = model.store(
                    entry, target, expiresAt: expiresAt, isPublished: isPublished, isFromSigner: isFromSigner, at: now)
                let outcome = try archive.commit([.store(change)], at: now)
                try #require(outcome == [.store([expected])], "seed \(seed), step \(step)")
            case ..<88:
                try archive.sweepRound(at: now, limit: Int.random(in: 1...30, using: &random))
                model.sweep(at: now)
            case ..<92:
                let subject = KeepingPropertyTests.subject(&random)
                _ = try archive.commit([.pin(subject)], at: now)
                model.pins.insert(subject)
            case ..<95:
                let subject = KeepingPropertyTests.subject(&random)
                _ = try archive.commit([.unpin(subject), .unblock(subject)], at: now)
                model.pins.remove(subject)
                model.blocks.remove(subject)
            case ..<97:
                let subject = KeepingPropertyTests.subject(&random)
                let block = Int.random(in: 0..<3, using: &random) == 0
                _ = try archive.forget(subject, block: block, at: now)
                model.forget(subject, block: block)
            default:
                archive.close()
                archive = try folder.open(options)
                archive.sweepFromTheStart()
            }
            try compare(archive, model, at: now, "seed \(seed), step \(step)")
        }
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
    }

    private func compare(_ archive: Archive, _ model: KeepingModel, at now: Instant, _ place: Comment) throws {
        for target in KeepingPropertyTests.targets {
            let served = model.window.filter { $0.key.target == target && $0.value.expiresAt > now }
            try #require(Set(try archive.served(target, at: now)) == Set(served.map(\.value.entry.bytes)), place)
            let kept = try archive.retainedRecords(of: target).map { $0.entry.bytes }
            let expected = model.retained.filter { $0.key.target == target }.map { $0.value.entry.bytes }
            try #require(Set(kept) == Set(expected), place)
            for key in KeepingPropertyTests.keys {
                let mid = key.publicKey.mid
                let versions = model.history[.init(target: target, id: EntryID(bits: mid.bits))] ?? []
                let found = try archive.history(of: target, signer: mid).map(\.record.entry)
                try #require(found.count == versions.count || found.count >= 17, place)
                try #require(found.suffix(16) == versions.suffix(16) && found.first == versions.first, place)
            }
        }
        let statistics = try archive.statistics()
        try #require(statistics.values == model.window.count, place)
        try #require(statistics.keys == Set(model.window.keys.map(\.target)).count, place)
        try #require(try archive.count(.floors) == model.floors.count, place)
        try #require(try archive.count(.evidence) == model.evidence.count, place)
        try #require(Set(try archive.pins()) == model.pins, place)
        try #require(try archive.accountsAreRight(), place)
    }

    /// With budgets far too small: they hold exactly, the accounts add up, and versions do not go back.
    @Test(arguments: 0..<4)
    func smallBudgetsHoldWhateverComes(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) &+ 1000)
        var options = ArchiveOptions.small
        options.budgets = Budgets(sharing: 12_000, shares: Budgets.defaultShares)
        options.budgets.floors = 10_000
        options.retention.signed = .seconds(20_000)
        options.retention.unsigned = .seconds(9000)
        let archive = try Folder().openKept(options)
        var highest: [KeepingModel.Place: UInt32] = [:]
        var now = Instant.start
        for step in 0..<250 {
            now = now + Int.random(in: 1...600, using: &random)
            let entry = try KeepingPropertyTests.entry(&random, versions: 60)
            let target = Target(hashing: "\(Int.random(in: 0..<12, using: &random))")
            let provenance: Provenance =
                Int.random(in: 0..<40, using: &random) == 0
                ? .publishedHere : .from(Int.random(in: 0..<6, using: &random))
            let outcome = try archive.store(entry, under: target, at: now, from: provenance).first
            let place = KeepingModel.Place(target: target, id: entry.id)
            if let version = entry.signature?.version.number, outcome?.isHeld == true {
                if outcome != .superseded { #expect(version >= highest[place] ?? 0, "seed \(seed), step \(step)") }
                highest[place] = max(version, highest[place] ?? 0)
            }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: _ = try archive.commit([.pin(KeepingPropertyTests.subject(&random))], at: now)
            case 1: _ = try archive.commit([.unpin(KeepingPropertyTests.subject(&random))], at: now)
            case 2, 3: try archive.sweepRound(at: now)
            default: break
            }
            for budget in Budget.allCases {
                try #require(try archive.charged(budget).bytes <= options.budgets[budget], "seed \(seed), step \(step)")
            }
            try #require(try archive.accountsAreRight(), "seed \(seed), step \(step)")
        }
        #expect(archive.keepingCounters["evicted.served", default: 0] > 0)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
    }
}

extension Archive {
    /// Reopening begins a new round; nothing to do but to say so.
    fileprivate func sweepFromTheStart() { #expect(sweepPlace.withLock { $0 } == SweepPlace()) }
}
