import Foundation
import GRDB
import IPv8
import Testing

@testable import Archive

@Suite struct IndexTests {
    /// Some of everything: replaced, refreshed, expired, displaced values.
    private func fill(_ archive: Archive, _ round: Int = 0) throws {
        for number in 0..<40 {
            let target = Target(hashing: "\(number % 25)")
            let unsigned = try Sample.unsigned("\(round) \(number)")
            let published = try Sample.signed("\(number)", version: UInt32(number))
            let key = Sample.makeKey(UInt8(10 + number % 7))
            let signed = try Sample.signed("v", version: UInt32(round + 1), by: key)
            try archive.store(unsigned, under: target, for: number)
            try archive.store(published, under: target, from: .publishedHere)
            try archive.store(signed, under: target, for: 60 * number)
        }
    }

    @Test func indexCatchesUpInBoundedSteps() throws {
        let archive = try Folder().openKept()
        try fill(archive)
        let last = try archive.statistics().journalLast
        let results = try archive.followToEnd(limit: 30)
        #expect(results.allSatisfy { $0.applied <= 30 && $0.rebuildReason == nil })
        #expect(results.count >= Int(last) / 30)
        #expect(try archive.statistics().indexLast == last)
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try archive.follow().applied == 0)
    }

    @Test func indexGoesOnWhereItWasAfterReopening() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        _ = try archive.follow(limit: 20)
        archive.close()
        var progress: [ArchiveProgress] = []
        let reopened = try folder.open { progress.append($0) }
        #expect(progress.isEmpty)
        #expect(try reopened.statistics().indexLast == 20)
        #expect(try reopened.followToEnd().allSatisfy { $0.rebuildReason == nil })
        #expect(try reopened.indexDifferences().isEmpty)
    }

    @Test func displacedValueLeavesTheIndex() throws {
        var options = ArchiveOptions.small
        options.signedPerTargetMax = 1
        let archive = try Folder().openKept(options)
        try archive.store(try Sample.signed("x", version: 1), for: 1)
        try archive.followToEnd()
        try archive.store(try Sample.signed("y", version: 1, by: Sample.otherKey), at: .start + 10)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        let count = { (text: String) throws in try archive.index.read { try Int.fetchOne($0, sql: text) } }
        #expect(try count("SELECT count(*) FROM entries WHERE retained") == 1)
        _ = try archive.forget(.signer(Sample.key.publicKey.mid), block: false, at: .start + 10)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try count("SELECT count(*) FROM publishers") == 1)
    }

    @Test func missingIndexIsRebuiltInSteps() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        try archive.followToEnd()
        archive.close()
        try folder.removeIndex()
        var progress: [ArchiveProgress] = []
        let reopened = try folder.open { progress.append($0) }
        #expect(progress == [.indexRebuild(reason: "there is none")])
        #expect(try reopened.statistics().indexIsRebuilding)
        let total = try reopened.statistics().values
        let first = try reopened.follow(limit: 10)
        #expect(first.rebuild == FollowResult.Rebuild(done: 10, total: total))
        try fill(reopened, 1)  // changes before and behind the place of the rebuild
        try reopened.followToEnd(limit: 10)
        #expect(try reopened.indexDifferences().isEmpty)
        #expect(try !reopened.statistics().indexIsRebuilding)
    }

    @Test func interruptedRebuildGoesOn() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        archive.close()
        try folder.removeIndex()
        let second = try folder.open()
        _ = try second.follow(limit: 10)
        second.close()
        let third = try folder.open()
        #expect(try third.follow(limit: 10).rebuild?.done == 20)
        try third.followToEnd(limit: 10)
        #expect(try third.indexDifferences().isEmpty)
    }

    @Test(arguments: [0, 20, 4096, 9000])
    func damagedIndexIsMovedAsideAndRebuilt(_ offset: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        try archive.followToEnd()
        archive.close()
        var bytes = try folder.bytes(folder.index)
        for place in offset..<min(bytes.count, offset + 3000) { bytes[place] = 0x5A }
        try folder.write(bytes, to: folder.index)
        let reopened = try folder.open()
        try fill(reopened, 1)
        // Damage may show only when a step comes across it: an error then, and a rebuild with the steps that follow.
        for _ in 0..<3 where (try? reopened.followToEnd()) == nil {}
        if (try? reopened.indexDifferences()) != [] { try reopened.followToEnd() }
        #expect(try reopened.indexDifferences().isEmpty)
    }

    @Test func fileThatIsNoDatabaseIsMovedAside() throws {
        let folder = try Folder()
        try Data("this is a text, not a database".utf8).write(to: URL(filePath: folder.index))
        var progress: [ArchiveProgress] = []
        let archive = try folder.open { progress.append($0) }
        #expect(progress.contains(.indexMovedAside(path: folder.index + ".damaged")))
        #expect(try folder.bytes(folder.index + ".damaged") == Array("this is a text, not a database".utf8))
        try fill(archive)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
    }

    @Test func indexAheadOfTheArchiveIsRebuilt() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        archive.close()
        let older = try folder.bytes(folder.lmdb)
        let second = try folder.open()
        try fill(second, 1)
        try second.followToEnd()
        second.close()
        try folder.write(older, to: folder.lmdb)
        try expectRebuild(folder, because: "it is ahead of the archive")
    }

    /// Found by cutting the power and putting in an index of later (`Tests/Crash/fault_archive.py --first 288 --seeds 1`).
    @Test func indexThatHasReadValuesOfLaterThanItsPlaceIsRebuilt() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("stored twice"))
        try archive.store(try Sample.unsigned("another"))
        archive.close()
        let older = try folder.bytes(folder.lmdb)
        let second = try folder.open()
        try second.store(try Sample.unsigned("stored twice"), at: .start + 100)
        // After the first change, with the value as the third has left it.
        #expect(try second.follow(limit: 1).applied == 1)
        second.close()
        try folder.write(older, to: folder.lmdb)
        try expectRebuild(folder, because: "it is ahead of the archive")
    }

    @Test func indexOfAnotherCourseOfChangesIsRebuilt() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        archive.close()
        let older = try folder.bytes(folder.lmdb)
        let second = try folder.open()
        try second.store(try Sample.unsigned("one course"))
        try second.followToEnd()
        second.close()
        try folder.write(older, to: folder.lmdb)
        let index = try folder.bytes(folder.index)
        try folder.removeIndex()
        let third = try folder.open()
        try third.store(try Sample.unsigned("another course"), try Sample.unsigned("and on"))
        third.close()
        try folder.removeIndex()
        try Data(index).write(to: URL(filePath: folder.index))
        try expectRebuild(folder, because: "it followed another course of changes")
    }

    @Test func indexThatDiffersOnlyInTheHashIsRebuilt() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        _ = try archive.follow(limit: 10)
        try archive.index.write { try $0.execute(sql: "UPDATE position SET last_checksum = x'0102030405060708'") }
        archive.close()
        try expectRebuild(folder, because: "it followed another course of changes")
    }

    @Test func indexOfAnotherArchiveIsRebuilt() throws {
        let (folder, other) = (try Folder(), try Folder())
        for folder in [folder, other] {
            let archive = try folder.open()
            try fill(archive)
            try archive.followToEnd()
            archive.close()
        }
        try folder.removeIndex()
        try FileManager.default.copyItem(atPath: other.index, toPath: folder.index)
        try expectRebuild(folder, because: "it belongs to another archive")
    }

    @Test func indexBehindTheJournalIsRebuilt() throws {
        let folder = try Folder()
        var options = ArchiveOptions.small
        options.journalKeep = .zero
        let archive = try folder.open(options)
        try fill(archive)
        _ = try archive.follow(limit: 5)
        archive.close()
        let older = try folder.bytes(folder.index)
        let second = try folder.open(options)
        try second.followToEnd()
        try fill(second, 1)
        second.close()
        try folder.removeIndex()
        try Data(older).write(to: URL(filePath: folder.index))
        try expectRebuild(folder, because: "the journal begins after it")
    }

    @Test func newerSchemaIsRefusedAndLeftAsItIs() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        try archive.followToEnd()
        try archive.index.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('V999_later')") }
        archive.close()
        let (before, lmdb) = (try folder.bytes(folder.index), try folder.bytes(folder.lmdb))
        #expect(throws: ArchiveError.newerSchema(path: folder.index)) { try folder.open() }
        #expect(try folder.bytes(folder.index) == before)
        #expect(try folder.bytes(folder.lmdb) == lmdb)
    }

    @Test func indexIsSyncedFully() throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.unsigned("x"))
        try archive.followToEnd()
        #expect(try archive.index.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try archive.index.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
    }

    @Test func refreshKeepsWhatWasFoundOutAboutASignature() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.signed("x", version: 1)
        try archive.store(entry)
        try archive.followToEnd()
        let scrub = Instant(seconds: 1_796_000_000)
        let key = EntryKey(target: Sample.target, entry: entry)
        try archive.index.noteVerified([key], at: scrub + 7, inScrubFrom: scrub)
        let verifiedBy = { () throws in
            try archive.index.read { try String.fetchOne($0, sql: "SELECT verified_by FROM entries") }
        }
        try archive.store(entry, at: .start + 100)
        try archive.followToEnd()
        #expect(try verifiedBy() == "scrub 2026-11-30T00:53:20Z")
        try archive.store(try Sample.signed("y", version: 2), at: .start + 200)
        try archive.followToEnd()
        #expect(try verifiedBy() == "store")
    }

    /// Signatures of the two highest levels are too long for a value.
    @Test(arguments: [KeyLevel.curve25519, .veryLow, .low])
    func levelOfASignersKeyIsToldByItsName(level: KeyLevel) throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.signed("x", version: 1, by: try PrivateKey.generate(level)))
        try archive.followToEnd()
        let name = try archive.index.read { try String.fetchOne($0, sql: "SELECT verified_algorithm FROM entries") }
        #expect(name == level.rawValue)
    }

    @Test func contactsComeBack() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let contacts = [
            try contact(1, "127.0.0.1:8090", answered: 1), try contact(2, "[::1]:9", answered: 2),
            try contact(3, "127.0.0.3:8090", answered: nil),
        ]
        try archive.saveContacts(contacts, at: .start)
        archive.close()
        let reopened = try folder.open()
        #expect(try reopened.contacts() == [contacts[1], contacts[0], contacts[2]])
        try reopened.saveContacts([contacts[2]], at: .start)
        #expect(try reopened.contacts() == [contacts[2]])
    }

    private func contact(_ seed: UInt8, _ address: String, answered: Int?) throws -> StoredContact {
        let lastResponse: Instant? = answered.map { seconds in Instant.start + seconds }
        return StoredContact(
            publicKey: Sample.makeKey(seed).publicKey, address: try #require(Address(address)),
            firstSeen: Instant.start, lastResponse: lastResponse)
    }

    private func expectRebuild(_ folder: Folder, because reason: String) throws {
        var progress: [ArchiveProgress] = []
        let archive = try folder.open { progress.append($0) }
        #expect(progress == [.indexRebuild(reason: reason)])
        #expect(try archive.followToEnd().compactMap(\.rebuildReason) == [])
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
    }

    @Test func indexIsItsOwnersAlone() throws {
        let folder = try Folder()
        try folder.open().close()
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.index)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
}
