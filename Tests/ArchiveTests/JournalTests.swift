import Foundation
import IPv8
import Testing

@testable import Archive

/// What the journal names, how long it is kept, and what it forgets.
@Suite struct JournalTests {
    /// A change as it stands in the journal.
    private struct Change: Equatable {
        var number: UInt64
        var kind: JournalRecord.Kind
        var subject: [UInt8]
        var isForgotten: Bool
    }

    private func changes(_ archive: Archive, after number: UInt64 = 0) throws -> [Change] {
        try archive.environment.read { (transaction) throws(ArchiveError) in
            var changes: [Change] = []
            try transaction.forEach(.journal, prefix: [], after: number.bigEndianBytes) {
                (key, value) throws(ArchiveError) in
                guard let change = JournalRecord(value, key: key) else { return true }
                changes.append(
                    Change(
                        number: key.bigEndian(UInt64.self, at: 0), kind: change.kind, subject: Array(change.subject),
                        isForgotten: change.isForgotten))
                return true
            }
            return changes
        }
    }

    private func start(_ archive: Archive) throws -> UInt64 {
        try archive.environment.read { (transaction) throws(ArchiveError) in try transaction.journalStart() }
    }

    /// Whatever differs between two looks at the archive, the journal between them names it.
    @Test(arguments: 0..<12)
    func journalNamesEveryRecordThatDiffers(_ seed: Int) throws {
        let folder = try Folder()
        let archive = try folder.open(RandomNights.options)
        var nights = RandomNights(seed: seed)
        let digests = ShortDigests()
        for step in 0..<120 {
            let last = try archive.statistics().journalLast
            let before = Set(try archive.dumpItems())
            try nights.pass(in: archive)
            let after = Set(try archive.dumpItems())
            var named: Set<[UInt8]> = []
            for change in try changes(archive, after: last) {
                named.insert(
                    change.isForgotten
                        ? change.subject
                        : JournalRecord.hash(of: change.subject, change.kind.item, digests).bytes)
            }
            for item in before.symmetricDifference(after) {
                let hash = JournalRecord.hash(of: item.key, item.kind, digests).bytes
                try #require(named.contains(hash), "seed \(seed), step \(step), \(item.kind)")
            }
        }
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
    }

    @Test func changesStayUntilTheyAreOldAndTheIndexHasThem() throws {
        var options = ArchiveOptions.small
        options.journalKeep = .seconds(3600)
        let archive = try Folder().openKept(options)
        for minute in 0..<100 { try archive.store(try Sample.unsigned("\(minute)"), at: .start + minute * 60) }
        #expect(try archive.count(.journal) == 100)  // the index has none of them
        try archive.followToEnd()
        try archive.store(try Sample.unsigned("a"), at: .start + 6000)
        #expect(try start(archive) == 3)  // two for each new one
        for second in 1...30 { try archive.store(try Sample.unsigned("b\(second)"), at: .start + 6000 + second) }
        #expect(try start(archive) == 42)  // minute 41 is less than an hour ago
    }

    @Test func journalShrinksToItsLimitAndKeepsItsLastChange() throws {
        var options = ArchiveOptions.small
        options.journalBytesMax = 16 << 10
        let archive = try Folder().openKept(options)
        for number in 0..<600 {
            try archive.store(try Sample.unsigned("\(number % 7)"), for: 3600 + 100 * number)
            try archive.followToEnd()
        }
        let pages = try archive.environment.read { (transaction) throws(ArchiveError) in
            try transaction.pageCount(.journal)
        }
        #expect(pages <= 5)
        #expect(try archive.count(.journal) > 60)
        #expect(try archive.statistics().journalLast == 600)
    }

    @Test func clockThatMayBeWrongTrimsNothing() throws {
        let archive = try Folder().openKept()
        for number in 0..<10 { try archive.store(try Sample.unsigned("\(number)")) }
        try archive.followToEnd()
        let year = 365 * 86_400
        try archive.store(try Sample.unsigned("x"), at: .start + year, clockIsSteady: false)
        #expect(try archive.count(.journal) == 11)
        try archive.store(try Sample.unsigned("y"), at: .start + year)
        #expect(try archive.count(.journal) == 10)
    }

    @Test func forgottenKeyStaysInTheJournalOnlyAsItsHash() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let signer = Sample.key.publicKey.mid
        let other = Target(hashing: "another")
        for version in 1...3 { try archive.store(try Sample.signed("v\(version)", version: UInt32(version))) }
        try archive.store(try Sample.unsigned("plain"), from: .publishedHere)
        try archive.store(try Sample.unsigned("neighbour"), under: other)
        _ = try archive.commit([.pin(.key(Sample.target))], at: .start)
        let before = try changes(archive)
        let last = try archive.statistics().journalLast
        #expect(try archive.tables(containing: Sample.target.bytes).contains("journal"))
        _ = try archive.forget(.key(Sample.target), block: false, at: .start + 10)
        #expect(try archive.tables(containing: Sample.target.bytes).isEmpty)
        #expect(try archive.tables(containing: signer.bytes).isEmpty)
        #expect(try archive.isWipeDue())
        let after = try changes(archive)
        let digests = ShortDigests()
        for (was, now) in zip(before, after) {
            let hash = JournalRecord.hash(of: was.subject, was.kind.item, digests).bytes
            let isNeighbour = was.subject.starts(with: other.bytes)
            #expect(now.number == was.number && now.kind == was.kind && now.isForgotten == !isNeighbour)
            #expect(now.subject == (isNeighbour ? was.subject : hash))
        }
        #expect(after.filter { $0.number > last && $0.kind == .valueForgotten }.count == 2)
        // The index had followed, and goes on.
        try archive.store(try Sample.unsigned("later"), under: other)
        #expect(try archive.followToEnd().allSatisfy { $0.rebuildReason == nil })
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
        try folder.open().close()
    }

    /// A value that is stored while its key is being forgotten is new, and so are its changes.
    @Test func valueThatReturnsWhileItsKeyIsForgottenKeepsItsChange() throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.unsigned("old"))
        var erasure = Archive.Erasure(of: .key(Sample.target), block: false)
        let new = try Sample.unsigned("new")
        var steps = 0
        while !erasure.isDone {
            try archive.advance(&erasure, at: .start)
            steps += 1
            if steps == 7 { try archive.store(new) }
        }
        let raw = try changes(archive).filter { !$0.isForgotten && $0.kind.item == .value }
        #expect(raw.map(\.subject) == [EntryKey(target: Sample.target, entry: new).bytes])
        #expect(try archive.served() == [new.bytes])
    }

    @Test func indexThatWasBehindIsRebuiltWhenItMeetsAForgottenValue() throws {
        let folder = try Folder()
        var archive = try folder.open()
        try archive.store(try Sample.unsigned("kept"), under: Target(hashing: "kept"))
        try archive.store(try Sample.unsigned("x"))
        try archive.followToEnd()
        archive.close()
        let older = try folder.bytes(folder.index)
        archive = try folder.open()
        _ = try archive.forget(.key(Sample.target), block: false, at: .start)
        archive.close()
        try folder.removeIndex()
        try Data(older).write(to: URL(filePath: folder.index))
        archive = try folder.open()
        let reasons = try archive.followToEnd().compactMap(\.rebuildReason)
        #expect(reasons == ["it did not follow before values were forgotten"])
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
    }

    @Test func blockHoldsForStoresOfTheSameCommit() throws {
        let archive = try Folder().openKept()
        let store = StoreChange(
            target: Sample.target, entries: [try Sample.unsigned("x")], expiresAt: .start + 60,
            provenance: Sample.received)
        let outcomes = try archive.commit([.block(.key(Sample.target)), .store(store)], at: .start)
        #expect(outcomes == [.done(changed: true), .store([.refused(.blocked)])])
    }
}
