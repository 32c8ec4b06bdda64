import IPv8
import SplitMix
import Testing

@testable import Archive

/// The order in which the values of a full key are served.
@Suite struct OrderTests {
    private static let owner = Target(bits: Sample.key.publicKey.mid.bits)
    private static let keys = (1...40).map { Sample.makeKey(UInt8($0)) }

    private static func unsigned(_ count: Int) throws -> [Entry] {
        try (0..<count).map { try Sample.unsigned("value \($0)") }
    }

    @Test func pageOfAFullKeyReadsWhatItReturnsAndPassesOver() throws {
        let archive = try Folder().openKept()
        for (second, entry) in try OrderTests.unsigned(200).enumerated() {
            try archive.store(entry, at: .start + second, for: 7200)
        }
        let now = Instant.start + 300
        let first = try archive.load(Sample.target, offset: 0, limit: 8, at: now)
        #expect(first.recordsRead == 8)
        #expect(first.entries == (192..<200).reversed().map { Array("\0value \($0)".utf8) })
        let later = try archive.load(Sample.target, offset: 40, limit: 8, at: now)
        #expect(later.recordsRead == 48)
        #expect(later.entries.first == Array("\0value 159".utf8))
        #expect(try archive.load(Sample.target, offset: 199, limit: 8, at: now).entries.count == 1)
        #expect(try archive.load(Sample.target, offset: 200, limit: 8, at: now).entries.isEmpty)
    }

    @Test func expiredValuesArePassedOverAndCharged() throws {
        let archive = try Folder().openKept()
        try archive.store(try OrderTests.unsigned(40), for: 100)
        let lasting = try Sample.unsigned("lasting")
        try archive.store(lasting, at: .start - .seconds(1), for: 7200)
        let page = try archive.load(Sample.target, offset: 0, limit: 8, at: .start + 200)
        #expect(page.entries == [lasting.bytes] && page.recordsRead == 41)
    }

    @Test func onlyKeysWithManyValuesHaveAnOrder() throws {
        let archive = try Folder().openKept()
        let entries = try OrderTests.unsigned(OrderRule.valuesMax + 1)
        try archive.store(Array(entries.dropLast()))
        #expect(try archive.count(.order) == 0)
        try archive.store(entries[entries.count - 1])
        #expect(try archive.count(.order) == 1 + entries.count)
        let served = try archive.served()
        #expect(Set(served) == Set(entries.map(\.bytes)))
        // Values leave until the order is not worth having.
        let keys = entries.map { EntryKey(target: Sample.target, entry: $0) }
        for (left, key) in zip((0..<keys.count).reversed(), keys) {
            try archive.inPass(at: .start, true) { (pass) throws(ArchiveError) in
                try pass.takeOut(key, from: .served, leavesFloor: false)
            }
            #expect(try archive.count(.order) == (left >= OrderRule.valuesMin ? left + 1 : 0))
            #expect(try archive.accountsAreRight())
        }
    }

    @Test func damagedOrderIsNoHindranceAndIsRepaired() throws {
        let folder = try Folder()
        var archive = try folder.open()
        try archive.store(try OrderTests.unsigned(40))
        let served = try archive.served()
        let place = try #require(
            try archive.environment.read { (transaction) throws(ArchiveError) in
                try transaction.soundOrder(of: Sample.target).first?.bytes
            })
        var record = try #require(try archive.rawRecord(.order, place))
        record[3] ^= 1
        try archive.putRaw(.order, place, record)
        #expect(try archive.served() == served)
        #expect(archive.damagedRecords == [DamagedRecord(table: "order", key: place)])
        archive.close()
        #expect(try findings(folder) == ["order"])
        archive = try folder.open()
        #expect(try archive.repair(at: .start) { _, _ in }.orderRestored)
        #expect(try archive.load(Sample.target, offset: 0, limit: 8, at: .start).recordsRead == 8)
        archive.close()
        #expect(try findings(folder).isEmpty)
    }

    /// Places that are lost, without a trace but their count.
    @Test func lostPlacesAreFoundAndMadeAnewByOpening() throws {
        let folder = try Folder()
        var archive = try folder.open()
        try archive.store(try OrderTests.unsigned(40))
        let served = try archive.served()
        try archive.environment.write { (transaction) throws(ArchiveError) in
            let places = try transaction.view.soundOrder(of: Sample.target)
            for place in places.dropFirst(10) { try transaction.delete(.order, place.bytes) }
        }
        archive.close()
        #expect(try findings(folder).contains("order"))
        var told: [ArchiveProgress] = []
        archive = try folder.open { told.append($0) }
        #expect(told == [.orderRestored])
        #expect(try archive.served() == served)
        archive.close()
        #expect(try findings(folder).isEmpty)
    }

    private func findings(_ folder: Folder) throws -> [String] {
        var tables: [String] = []
        _ = try ArchiveReader.open(folder: folder.path).verify(
            threads: 1, progress: { _ in }, found: { tables.append($0.table) })
        return tables
    }

    /// Whatever happens under a full key, a page is what sorting all values makes of it.
    @Test(arguments: 0..<6)
    func pagesAreThoseOfANaiveModel(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) &+ 77)
        var options = ArchiveOptions.small
        options.signedPerTargetMax = seed.isMultiple(of: 2) ? 30 : 64
        options.unsignedPerTargetMax = 20
        options.retention.signed = .seconds(20_000)
        options.retention.unsigned = .seconds(9000)
        if seed == 5 { options.budgets = Budgets(sharing: 60_000) }
        let folder = try Folder()
        var archive = try folder.open(options)
        var now = Instant.start
        for step in 0..<300 {
            now = now + Int.random(in: 1...60, using: &random)
            let target = Bool.random(using: &random) ? Sample.target : OrderTests.owner
            let comment: Comment = "seed \(seed), step \(step)"
            switch Int.random(in: 0..<100, using: &random) {
            case ..<86: try store(archive, target, at: now, &random)
            case ..<90:
                now = now + 3600
                try archive.sweepRound(at: now)
            case ..<92:
                let signer = OrderTests.keys.randomElement(using: &random) ?? Sample.key
                _ = try archive.forget(.signer(signer.publicKey.mid), block: false, at: now)
            case ..<95: try damage(archive, target, &random)
            case ..<97: _ = try archive.commit([.pin(.key(target))], at: now)
            default:
                archive.close()
                archive = try folder.open(options)
            }
            try compare(archive, target, at: now, &random, comment)
        }
        archive.close()
    }

    private func store(
        _ archive: Archive, _ target: Target, at now: Instant, _ random: inout SplitMix64
    ) throws {
        let entries = try (0..<Int.random(in: 1...4, using: &random)).map { _ in
            if Int.random(in: 0..<3, using: &random) == 0 {
                return try Sample.unsigned("u\(Int.random(in: 0..<30, using: &random))")
            }
            let key = OrderTests.keys.randomElement(using: &random) ?? Sample.key
            return try Sample.signed("s", version: .random(in: 1...40, using: &random), by: key)
        }
        let provenance: Provenance =
            Int.random(in: 0..<30, using: &random) == 0
            ? .publishedHere : .from(Int.random(in: 0..<8, using: &random))
        try archive.store(
            entries, under: target, at: now, for: .random(in: 100...9000, using: &random), from: provenance)
    }

    /// Flips a bit of a value.
    private func damage(_ archive: Archive, _ target: Target, _ random: inout SplitMix64) throws {
        guard let record = try archive.records(of: target).randomElement(using: &random) else { return }
        let key = EntryKey(target: target, entry: record.entry).bytes
        var value = try #require(try archive.rawRecord(.entries, key))
        value[value.count - 3] ^= 2
        try archive.putRaw(.entries, key, value)
    }

    private func compare(
        _ archive: Archive, _ target: Target, at now: Instant, _ random: inout SplitMix64, _ comment: Comment
    ) throws {
        let expected = try archive.records(of: target).filter { $0.expiresAt > now }
            .map { (OrderTests.place(of: $0, target), $0.entry.bytes) }
            .sorted { $0.0 < $1.0 }.map(\.1)
        for offset in [0, 8, Int.random(in: 0...60, using: &random)] {
            let page = try archive.page(of: target, offset: offset, limit: 8, at: now)
            try #require(page == Array(expected.dropFirst(offset).prefix(8)), comment)
        }
        try #require(try archive.page(of: target, offset: 0, limit: .max, at: now) == expected, comment)
        try #require(try archive.orderIsRight(), comment)
    }

    /// Where a value stands: lower goes first.
    private static func place(of record: ArchivedRecord, _ target: Target) -> Place {
        let key = EntryKey(target: target, entry: record.entry)
        let rank = record.entry.signature.map { Int64($0.version.number) } ?? record.firstSeen.nanoseconds
        return Place(entryClass: key.entryClass.rawValue, rank: rank, id: key.id.bits)
    }

    private struct Place: Comparable {
        let entryClass: UInt8
        let rank: Int64
        let id: Bits160

        static func < (left: Place, right: Place) -> Bool {
            (left.entryClass, -left.rank, Hex.encode(left.id.bytes)) < (
                right.entryClass, -right.rank, Hex.encode(right.id.bytes)
            )
        }
    }
}
