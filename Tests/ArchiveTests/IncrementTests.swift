import IPv8
import SplitMix
import Testing

@testable import Archive

/// Whole dumps and increments, from an archive to a copy of it.
@Suite struct IncrementTests {
    /// An archive that lives on, and a copy that is fed with dumps of it.
    private struct Pair {
        let source: Folder
        let copy: Folder
        var nights: RandomNights

        init(seed: Int) throws {
            (source, copy) = (try Folder(), try Folder())
            nights = RandomNights(seed: seed)
        }

        mutating func pass(_ count: Int) throws {
            let archive = try source.open(RandomNights.options)
            for _ in 0..<count { try nights.pass(in: archive) }
            archive.close()
        }
    }

    private static func origin(_ folder: Folder) throws -> DumpOrigin {
        try ArchiveReader.open(folder: folder.path).origin()
    }

    /// A whole dump.
    private static func whole(_ folder: Folder) throws -> [UInt8] {
        try Dumps.bytes(try Dumps.items(folder), DumpHeader(origin: try origin(folder)))
    }

    private static func increment(
        _ folder: Folder, after number: UInt64
    ) throws -> (header: DumpHeader, items: [DumpItem]) {
        var header = DumpHeader()
        var items: [DumpItem] = []
        let reader = try ArchiveReader.open(folder: folder.path)
        let damaged = try reader.increment(after: number) {
            header = $0
        } _: {
            items.append($0)
        }
        #expect(damaged.isEmpty)
        return (header, items)
    }

    /// Imports a whole dump into a new archive.
    private static func importWhole(_ bytes: [UInt8], into folder: Folder, at now: Instant) throws {
        var options = RandomNights.options
        options.budgets = Budgets(sharing: 1 << 30)
        (options.signedPerTargetMax, options.unsignedPerTargetMax) = (.max, .max)
        let archive = try folder.open(options)
        let (items, seal) = try Dumps.read(bytes)
        let header = try ItemSource(DumpInput(bytes: bytes)).header
        let root = try #require(seal).root
        for start in stride(from: 0, to: items.count, by: 7) {
            let batch = Array(items[start..<min(items.count, start + 7)])
            let vetted = Archive.vet(batch, from: start + 1, threads: 1, SignatureVerifier())
            _ = try archive.take(vetted, of: root, .everything, at: now)
        }
        try archive.endImport(header, seal)
        archive.close()
    }

    private static func apply(_ bytes: [UInt8], to folder: Folder, at now: Instant) throws -> IncrementResult {
        let archive = try folder.open(RandomNights.options)
        defer { archive.close() }
        let (items, _) = try Dumps.read(bytes)
        let hashes = Set(items.filter { $0.state == .forgotten }.compactMap { Digest256(bytes: $0.key) })
        var source = try ItemSource(DumpInput(bytes: bytes))
        return try archive.apply(source.header, forgotten: hashes, at: now) { try source.next() }
    }

    @Test(arguments: 0..<10)
    func copyHasWhatTheArchiveHasByteForByte(_ seed: Int) throws {
        var pair = try Pair(seed: seed)
        var random = SplitMix64(seed: UInt64(seed))
        try pair.pass(40)
        try IncrementTests.importWhole(
            try IncrementTests.whole(pair.source), into: pair.copy, at: pair.nights.now)
        try #require(try IncrementTests.whole(pair.copy) == IncrementTests.whole(pair.source), "seed \(seed)")
        for night in 0..<6 {
            let last = try IncrementTests.origin(pair.copy).change
            try pair.pass(Int.random(in: 0...25, using: &random))
            let (header, items) = try IncrementTests.increment(pair.source, after: last)
            let bytes =
                switch night % 3 {
                case 0: try Dumps.bytes(items, header)
                case 1: Array(try Dumps.lines(items, .jsonl, header).utf8)
                default: Array(try Dumps.lines(items, .csv, header).utf8)
                }
            let clock = pair.nights.now + Int.random(in: -5000...5000, using: &random)
            _ = try IncrementTests.apply(bytes, to: pair.copy, at: clock)
            try #require(
                try IncrementTests.whole(pair.copy) == IncrementTests.whole(pair.source), "seed \(seed), night \(night)"
            )
        }
        let archive = try pair.copy.open(RandomNights.options)
        let isRight = try archive.accountsAreRight()
        #expect(isRight)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
        let reader = try ArchiveReader.open(folder: pair.copy.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
    }

    @Test func gapRepetitionAndSwapAreRefused() throws {
        var pair = try Pair(seed: 900)
        try pair.pass(30)
        try IncrementTests.importWhole(
            try IncrementTests.whole(pair.source), into: pair.copy, at: pair.nights.now)
        let first = try IncrementTests.origin(pair.source).change
        try pair.pass(10)
        let one = try IncrementTests.increment(pair.source, after: first)
        let second = try IncrementTests.origin(pair.source).change
        try pair.pass(10)
        let two = try IncrementTests.increment(pair.source, after: second)
        let both = try IncrementTests.increment(pair.source, after: first)
        let last = try IncrementTests.origin(pair.source)
        let before = try IncrementTests.whole(pair.copy)

        func refuses(_ refusal: IncrementRefusal, _ increment: (header: DumpHeader, items: [DumpItem])) throws {
            let now = try IncrementTests.whole(pair.copy)
            #expect(throws: refusal) {
                try IncrementTests.apply(
                    try Dumps.bytes(increment.items, increment.header), to: pair.copy, at: pair.nights.now)
            }
            #expect(try IncrementTests.whole(pair.copy) == now)
        }
        try refuses(.gap(from: second, here: first), two)
        var other = one
        other.header.origin?.archiveID[0] ^= 1
        let id = try #require(other.header.origin).archive
        try refuses(.otherArchive(of: id, here: last.archive), other)
        var course = one
        course.header.start?.checksum ^= 1
        try refuses(.otherCourse(change: first), course)
        var salvaged = one
        salvaged.header.isSalvaged = true
        try refuses(.incomplete, salvaged)
        #expect(try IncrementTests.whole(pair.copy) == before)

        _ = try IncrementTests.apply(try Dumps.bytes(one.items, one.header), to: pair.copy, at: pair.nights.now)
        try refuses(.applied(to: second, here: second), one)
        try refuses(.overlap(from: first, here: second), both)
        _ = try IncrementTests.apply(try Dumps.bytes(two.items, two.header), to: pair.copy, at: pair.nights.now)
        #expect(try IncrementTests.whole(pair.copy) == IncrementTests.whole(pair.source))
        try refuses(.applied(to: last.change, here: last.change), both)

        // A copy that has changes of its own is none any more.
        try pair.pass(3)
        let three = try IncrementTests.increment(pair.source, after: last.change)
        let archive = try pair.copy.open(RandomNights.options)
        let own = Hex.encode(archive.archiveID)
        try archive.store(try Sample.unsigned("of its own"), at: pair.nights.now)
        archive.close()
        try refuses(.otherArchive(of: last.archive, here: own), three)
    }

    /// The disk may turn out to be full when the transaction is committed, after all items have been taken. It is tried once
    /// more then, and nothing may pass for the increment but the whole of it.
    @Test func attemptThatFailedForWantOfRoomLosesNothing() throws {
        var pair = try Pair(seed: 7)
        try pair.pass(30)
        try IncrementTests.importWhole(try IncrementTests.whole(pair.source), into: pair.copy, at: pair.nights.now)
        let first = try IncrementTests.origin(pair.source).change
        try pair.pass(10)
        let (header, items) = try IncrementTests.increment(pair.source, after: first)
        let bytes = try Dumps.bytes(items, header)
        let before = try IncrementTests.whole(pair.copy)
        let archive = try pair.copy.open(RandomNights.options)
        var source = try ItemSource(DumpInput(bytes: bytes))
        var isFull = true
        #expect(throws: ArchiveError.refused(.diskReserve)) {
            try archive.apply(header, forgotten: [], at: pair.nights.now) {
                let item = try source.next()
                if item == nil, isFull {
                    isFull = false
                    throw ArchiveError.diskFull(path: archive.folder)
                }
                return item
            }
        }
        archive.close()
        #expect(!isFull)
        #expect(try IncrementTests.whole(pair.copy) == before)
        _ = try IncrementTests.apply(bytes, to: pair.copy, at: pair.nights.now)
        #expect(try IncrementTests.whole(pair.copy) == IncrementTests.whole(pair.source))
    }

    /// What was served may be retained by the time that it moves, and then it is more than that share.
    @Test func copyMayHaveMoreThanItsShares() throws {
        var pair = try Pair(seed: 8)
        try pair.pass(60)
        let bytes = try IncrementTests.whole(pair.source)
        let (items, seal) = try Dumps.read(bytes)
        let root = try #require(seal).root
        let half = items.count / 2
        for fits in [true, false] {
            let folder = try Folder()
            var options = RandomNights.options
            options.budgets = Budgets(sharing: 1 << 10)
            (options.signedPerTargetMax, options.unsignedPerTargetMax) = (.max, .max)
            options.copiesFitBudgets = fits
            var outcomes: [ImportOutcome] = []
            for batch in [items[..<half], items[half...]] {
                let archive = try folder.open(options)
                let vetted = Archive.vet(Array(batch), from: 1 + batch.startIndex, threads: 1, SignatureVerifier())
                outcomes += try archive.take(vetted, of: root, .everything, at: pair.nights.now)
                archive.close()
            }
            #expect(outcomes.contains(.refused(.budget)) == fits)
            #expect(outcomes.allSatisfy { $0 == .taken } == !fits)
        }
    }

    /// A kill may come after the increment is in the archive, and before its forgotten keys have left the journal.
    @Test func repetitionTakesForgottenKeysOutOfTheJournal() throws {
        let (source, copy) = (try Folder(), try Folder())
        var archive = try source.open(RandomNights.options)
        try archive.store(try Sample.unsigned("x"))
        archive.close()
        try IncrementTests.importWhole(try IncrementTests.whole(source), into: copy, at: Folder.filled)
        let first = try IncrementTests.origin(source).change
        archive = try source.open(RandomNights.options)
        _ = try archive.forget(.key(Sample.target), block: false, at: .start + 10)
        archive.close()
        let (header, items) = try IncrementTests.increment(source, after: first)
        let bytes = try Dumps.bytes(items, header)
        archive = try copy.open(RandomNights.options)
        var next = items.makeIterator()
        let hashes = Set(items.filter { $0.state == .forgotten }.compactMap { Digest256(bytes: $0.key) })
        #expect(try archive.applyItems(header, forgotten: hashes, at: Folder.filled) { next.next() }.forgotten == 1)
        #expect(try archive.tables(containing: Sample.target.bytes) != [])
        let input = DumpInput(bytes: bytes)
        let check = try DumpCheck(input, isUnsealed: false) {}
        try input.rewind()
        #expect(throws: IncrementRefusal.applied(to: header.origin?.change ?? 0, here: header.origin?.change ?? 0)) {
            try archive.importIncrement(input, check, threads: 1, at: Folder.filled)
        }
        #expect(try !archive.tables(containing: Sample.target.bytes).contains("journal"))
        archive.close()
    }

    /// Damage in the middle of an increment is found before its end, and nothing of it stays.
    @Test func incrementThatBreaksOffChangesNothing() throws {
        var pair = try Pair(seed: 901)
        try pair.pass(30)
        try IncrementTests.importWhole(
            try IncrementTests.whole(pair.source), into: pair.copy, at: pair.nights.now)
        let first = try IncrementTests.origin(pair.source).change
        try pair.pass(20)
        let (header, items) = try IncrementTests.increment(pair.source, after: first)
        let before = try IncrementTests.whole(pair.copy)
        let archive = try pair.copy.open(RandomNights.options)
        for count in stride(from: 1, to: items.count, by: 5) {
            var left = items[..<count]
            #expect(throws: IncrementRefusal.altered) {
                _ = try archive.apply(header, forgotten: [], at: pair.nights.now) {
                    guard let item = left.popFirst() else { throw IncrementRefusal.altered }
                    return item
                }
            }
        }
        archive.close()
        #expect(try IncrementTests.whole(pair.copy) == before)
    }

    /// A flipped bit, a cut, and blocks that are missing, doubled or swapped.
    @Test func thousandDamagedIncrementsAreRefused() throws {
        var pair = try Pair(seed: 903)
        try pair.pass(30)
        try IncrementTests.importWhole(
            try IncrementTests.whole(pair.source), into: pair.copy, at: pair.nights.now)
        let first = try IncrementTests.origin(pair.source).change
        try pair.pass(60)
        let (header, items) = try IncrementTests.increment(pair.source, after: first)
        let sound = try Dumps.bytes(items, header)
        let before = try IncrementTests.whole(pair.copy)
        let archive = try pair.copy.open(RandomNights.options)
        let last = try archive.statistics().journalLast
        var random = SplitMix64(seed: 903)
        for number in 0..<1000 {
            var bytes = sound
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch number % 4 {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeLast(bytes.count - place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...400, using: &random)))
            default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 100)], at: place)
            }
            #expect(throws: (any Error).self, "case \(number)") {
                var source = try ItemSource(DumpInput(bytes: bytes))
                _ = try archive.apply(source.header, forgotten: [], at: pair.nights.now) { try source.next() }
            }
        }
        #expect(try archive.statistics().journalLast == last)
        archive.close()
        #expect(try IncrementTests.whole(pair.copy) == before)
    }

    /// What was forgotten leaves the copy's records, and its journal.
    @Test func forgottenKeyIsErasedFromTheCopyAndABlockBarsItThere() throws {
        let (source, copy) = (try Folder(), try Folder())
        try source.fill()
        try IncrementTests.importWhole(try IncrementTests.whole(source), into: copy, at: Folder.filled)
        let first = try IncrementTests.origin(source).change
        var archive = try source.open()
        _ = try archive.forget(.key(Sample.target), block: true, at: Folder.filled)
        archive.close()
        let (header, items) = try IncrementTests.increment(source, after: first)
        #expect(items.filter { $0.state == .forgotten }.count > 5)
        let target = Sample.target.bytes
        #expect(items.allSatisfy { $0.kind == .block || !$0.key.starts(with: target) })
        let result = try IncrementTests.apply(try Dumps.bytes(items, header), to: copy, at: Folder.filled)
        #expect(result.forgotten > 5 && result.put == 1)
        #expect(try IncrementTests.whole(copy) == IncrementTests.whole(source))
        archive = try copy.open()
        #expect(try archive.tables(containing: target) == ["journal", "blocks"])  // the block itself
        #expect(try archive.isWipeDue())
        #expect(try archive.store(try Sample.unsigned("x"), at: Folder.filled) == [.refused(.blocked)])
        #expect(try archive.served(at: Folder.filled).isEmpty)
        archive.close()
    }

    /// A plain import merges two archives, and a block among the items has the last word.
    @Test func blockErasesWhatAnImportBringsOrFinds() throws {
        let (source, merged) = (try Folder(), try Folder())
        var archive = try source.open()
        _ = try archive.commit([.block(.key(Sample.target)), .block(.signer(Sample.key.publicKey.mid))], at: .start)
        archive.close()
        archive = try merged.open()
        try archive.store(try Sample.unsigned("x"), from: .publishedHere)
        let elsewhere = Target(hashing: "elsewhere")
        try archive.store(try Sample.signed("y", version: 1), under: elsewhere)
        try archive.store(try Sample.unsigned("stays"), under: elsewhere)
        try archive.take(try Dumps.items(source), at: .start)
        #expect(try archive.erase(Set(try archive.blocks()), at: .start) == 3)
        #expect(try archive.served().isEmpty)
        #expect(try archive.publications().isEmpty)
        #expect(try archive.served(elsewhere) == [try Sample.unsigned("stays").bytes])
        #expect(try archive.erase([], at: .start) == 0)
        archive.close()
    }

    @Test func mergedArchiveIsNoCopy() throws {
        let (source, copy) = (try Folder(), try Folder())
        try source.fill()
        let archive = try copy.open()
        try archive.store(try Sample.unsigned("there before"))
        let id = archive.archiveID
        archive.close()
        try IncrementTests.importWhole(try IncrementTests.whole(source), into: copy, at: Folder.filled)
        #expect(try IncrementTests.origin(copy).archiveID == id)
    }

    @Test func itemsComeInTheSameOrderHoweverManyAreReadAtOnce() throws {
        var pair = try Pair(seed: 902)
        try pair.pass(60)
        let expected = try IncrementTests.increment(pair.source, after: 10).items
        #expect(expected.count > 30)
        let reader = try ArchiveReader.open(folder: pair.source.path)
        let items = try reader.environment.read { (transaction) throws(ArchiveError) in
            var items: [DumpItem] = []
            var walk = try IncrementWalk(after: 10, transaction, groupMax: 3)
            try walk.run(transaction) { (item) throws(ArchiveError) in items.append(item) }
            return items
        }
        #expect(items == expected)
        #expect(zip(items, items.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func incrementsOfTheFutureOrTheDistantPastAreRefused() throws {
        var options = ArchiveOptions.small
        options.journalKeep = .zero
        let folder = try Folder()
        let archive = try folder.open(options)
        for number in 0..<10 { try archive.store(try Sample.unsigned("\(number)")) }
        try archive.followToEnd()
        for number in 10..<13 { try archive.store(try Sample.unsigned("\(number)")) }
        archive.close()
        #expect(throws: ArchiveError.tooFarBehind(after: 5, firstAvailable: 7)) {
            try IncrementTests.increment(folder, after: 5)
        }
        #expect(throws: ArchiveError.aheadOfArchive(after: 14, last: 13)) {
            try IncrementTests.increment(folder, after: 14)
        }
        #expect(try IncrementTests.increment(folder, after: 6).items.count == 7)
        let (header, items) = try IncrementTests.increment(folder, after: 13)
        let origin = try #require(header.origin)
        #expect(items.isEmpty && header.start == DumpStart(change: 13, checksum: origin.checksum))
    }
}
