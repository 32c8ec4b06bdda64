import IPv8
import SplitMix
import Testing

@testable import Archive

/// What is listed of an archive, in key order and in others, now and as of a moment, against a model that remembers
/// everything that was stored.
@Suite struct WalkTests {
    private static let keys = (1...4).map { Sample.makeKey(UInt8($0)) }
    private static let targets =
        (0..<6).map { Target(hashing: "walk \($0)") } + keys.prefix(2).map { Target(bits: $0.publicKey.mid.bits) }

    /// A value that was stored, and when.
    private struct Stored: Hashable {
        var target: Target
        var entry: Entry
        var at: Instant
    }

    /// A course of stores, an hour apart, in which versions only go up; and an archive in which some have retired.
    private struct Course {
        var stored: [Stored] = []
        let end: Instant

        init(seed: Int, in archive: Archive) throws {
            var random = SplitMix64(seed: UInt64(seed))
            var now = Instant.start
            for version in 1...60 {
                now = now + 3600
                let target = WalkTests.targets[Int.random(in: 0..<WalkTests.targets.count, using: &random)]
                let key = WalkTests.keys[Int.random(in: 0..<WalkTests.keys.count, using: &random)]
                let entry =
                    version % 5 == 0
                    ? try Sample.unsigned("u\(version)")
                    : try Sample.signed("s\(version)", version: UInt32(version), by: key)
                let hours = Int.random(in: 1...100, using: &random)
                try archive.store(entry, under: target, at: now, for: hours * 3600)
                stored.append(Stored(target: target, entry: entry, at: now))
            }
            end = now + 3600
            try archive.sweepRound(at: end)
            try archive.followToEnd()
        }

        /// What is held at a moment: of each signer under a target the last one, and all that is unsigned.
        func held(at moment: Instant) -> Set<Stored> {
            var held: [EntryKey: Stored] = [:]
            for stored in stored where stored.at <= moment {
                held[EntryKey(target: stored.target, entry: stored.entry)] = stored
            }
            return Set(held.values)
        }
    }

    private func listed(_ reader: ArchiveReader, _ filter: ValueFilter, part: Int, at now: Instant) throws
        -> [ArchivedValue]
    {
        var walk = ValueWalk(reader, filter, at: now)
        var values: [ArchivedValue] = []
        while !walk.isAtEnd { values += try walk.next(atMost: part) }
        return values
    }

    private func stored(_ values: [ArchivedValue]) throws -> [Stored] {
        try values.map { value in
            let record = try #require(value.record)
            return Stored(target: value.target, entry: record.entry, at: record.firstSeen)
        }
    }

    @Test(arguments: 0..<4)
    func walkFindsWhatTheModelHolds(_ seed: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        let course = try Course(seed: seed, in: archive)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        for part in [1, 2, 7, .max] {
            let values = try listed(reader, ValueFilter(), part: part, at: course.end)
            #expect(Set(try stored(values)) == course.held(at: course.end))
            #expect(values.count == course.held(at: course.end).count)
            let keys = values.map { EntryKey(target: $0.target, class: $0.entryClass, identity: $0.id) }
            #expect(keys == keys.sorted())
            #expect(values.contains { $0.isRetained } && values.contains { !$0.isRetained })
        }
    }

    @Test(arguments: 0..<4)
    func walkAsOfAMomentFindsWhatWasHeldThen(_ seed: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        let course = try Course(seed: seed, in: archive)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        for hours in stride(from: 0, through: 62, by: 7) {
            var filter = ValueFilter()
            filter.asOf = Instant.start + hours * 3600 + 1800
            let expected = course.held(at: Instant.start + hours * 3600 + 1800)
            for part in [1, .max] {
                let values = try listed(reader, filter, part: part, at: course.end)
                #expect(Set(try stored(values)) == expected)
                #expect(values.count == expected.count)
            }
            for target in WalkTests.targets {
                let values = try reader.values(of: target, asOf: filter.asOf)
                #expect(Set(try stored(values)) == expected.filter { $0.target == target })
            }
        }
    }

    @Test(arguments: 0..<4)
    func walkByIndexFindsTheSameInItsOwnOrder(_ seed: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        let course = try Course(seed: seed, in: archive)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        var filters = [ValueFilter()]
        var filter = ValueFilter()
        filter.signer = WalkTests.keys[0].publicKey.mid
        filters.append(filter)
        filter = ValueFilter()
        filter.classes = [.owner, .unsigned]
        filter.isExpired = false
        filters.append(filter)
        filter = ValueFilter()
        filter.since = .start + 20 * 3600
        filter.until = .start + 40 * 3600
        filter.keys = try #require(ValueFilter.keys(beginningWith: "")).lowerBound...WalkTests.targets[0]
        filters.append(filter)
        for filter in filters {
            let byKey = try listed(reader, filter, part: .max, at: course.end)
            for order in ValueOrder.allCases {
                for descending in [false, true] {
                    var walk = try SortedWalk(
                        reader, filter, by: order, descending: descending, limit: nil, at: course.end)
                    var values: [ArchivedValue] = []
                    while !walk.isAtEnd { values += try walk.next() }
                    #expect(Set(values) == Set(byKey) && values.count == byKey.count)
                    let times = values.compactMap { $0.record?.firstSeen }
                    guard order == .firstSeen else { continue }
                    #expect(times == times.sorted { descending ? $0 > $1 : $0 < $1 })
                }
            }
        }
    }

    @Test func versionsWhoseValueIsGoneAreFoundAsOfTheirTime() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("one", version: 1))
        try archive.store(try Sample.signed("two", version: 2), at: .start + 60)
        let key = EntryKey(target: Sample.target, signedBy: Sample.key.publicKey.mid)
        try archive.environment.write { (transaction) throws(ArchiveError) in
            try transaction.delete(.entries, key.bytes)
        }
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.values(of: Sample.target).isEmpty)
        let then = try reader.values(of: Sample.target, asOf: .start + 30)
        #expect(try stored(then).map(\.entry) == [try Sample.signed("one", version: 1)])
        #expect(then.map { $0.state(at: .start + 30) } == [.served])
        #expect(then.map { $0.state(at: .start + 60) } == [.replaced])
        #expect(try reader.values(of: Sample.target, asOf: .start + 90).isEmpty)
        #expect(try reader.history(of: Sample.target).flatMap(\.versions).count == 1)
    }

    @Test func growthCountsChangesOfAPeriodAndSaysSoWhereTheJournalIsTooShort() throws {
        let folder = try Folder()
        let archive = try folder.open()
        for hour in 0..<10 { try archive.store(try Sample.unsigned("\(hour)"), at: .start + hour * 3600) }
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        let now = Instant.start + 9 * 3600 + 1800
        let growth = try reader.growth(
            over: [.seconds(1), .seconds(3600), .seconds(3 * 3600), .seconds(86_400)], at: now)
        #expect(growth.map(\.changes) == [0, 1, 3, 10])
        #expect(try reader.changes(of: Sample.target) { _, _ in }.map(\.number) == Array(1...10))
        #expect(try reader.changes(of: WalkTests.targets[0]) { _, _ in }.isEmpty)
    }

    @Test(arguments: [("", true), ("a", true), ("aB0", true), (String(repeating: "f", count: 41), false), ("g", false)])
    func prefixesAreHexadecimalDigits(_ digits: String, _ isPrefix: Bool) throws {
        let keys = ValueFilter.keys(beginningWith: digits)
        #expect((keys != nil) == isPrefix)
        guard let keys else { return }
        #expect(keys.lowerBound.description.hasPrefix(digits.lowercased()))
        #expect(keys.upperBound.description.hasPrefix(digits.lowercased()))
    }

    @Test func indexOfAKilledNodeIsReadAndNothingIsTouched() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("one", version: 1))
        try archive.followToEnd()
        let killed = try Folder()
        for name in ["archive.mdb", "index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            try killed.copy(name, from: folder)
        }
        archive.close()
        let before = try killed.content()
        let reader = try ArchiveReader.open(folder: killed.path)
        #expect(try reader.indexState() == .current)
        #expect(try reader.summary(at: .start).index?.signers == 1)
        #expect(try killed.content() == before)
    }
}
