import Foundation
import IPv8
import Testing

@testable import Archive

/// Archives of earlier formats: `Fixtures/format-1/archive.mdb` and its neighbour were written by the programs that had
/// those formats.
@Suite struct FormatUpgradeTests {
    private let folder: Folder

    init() throws { folder = try FormatUpgradeTests.folder(ofFormat: 1) }

    private static func folder(ofFormat format: Int) throws -> Folder {
        let folder = try Folder()
        let fixtures = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        try FileManager.default.copyItem(
            atPath: fixtures.path + "/format-\(format)/archive.mdb", toPath: folder.path + "/archive.mdb")
        return folder
    }

    /// All records but those of `meta`, by their table.
    private func records() throws -> [String: [[UInt8]]] {
        var records: [String: [[UInt8]]] = [:]
        let reader = try ReadOnlyEnvironment(path: folder.lmdb, isShared: false, mapBytes: 64 << 20)
        try reader.read { (transaction) throws(ArchiveError) in
            for table in ArchiveTable.allCases where table != .meta && reader.has(table) {
                var found: [[UInt8]] = []
                try transaction.forEach(table, prefix: []) { (key, value) throws(ArchiveError) in
                    found.append(Array(key) + Array(value))
                    return true
                }
                if !found.isEmpty { records[table.name] = found }
            }
        }
        return records
    }

    private func formatsWritten() throws -> [Int] {
        let reader = try ReadOnlyEnvironment(path: folder.lmdb, isShared: false, mapBytes: 64 << 20)
        return try reader.read { (transaction) throws(ArchiveError) in
            var formats: [Int] = []
            for name in IdentityRecord.keys {
                try lend(Array(name.utf8)) { (key) throws(ArchiveError) in
                    guard let value = try transaction.get(.meta, key),
                        let body = RecordChecksum.body(of: value, key: key, table: .meta),
                        let identity = IdentityRecord(body: body)
                    else { return }
                    formats.append(identity.format)
                }
            }
            return formats
        }
    }

    @Test func readersReadFormat1AndLeaveItAsItIs() throws {
        let before = try folder.bytes(folder.lmdb)
        let reader = try ArchiveReader.open(folder: folder.path)
        let summary = try reader.summary(at: .start)
        #expect(summary.format == 1 && summary.values?.keys == 8)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
        #expect(try folder.bytes(folder.lmdb) == before)
    }

    @Test func openingForWritingUpgradesOnceAndKeepsEveryRecord() throws {
        let before = try records()
        #expect(before.count == 12)
        var told: [ArchiveProgress] = []
        let archive = try folder.open { told.append($0) }
        #expect(told.contains(.upgraded(from: 1, to: 3)) && archive.damagedRecords.isEmpty)
        let counts = try archive.environment.read { (transaction) throws(ArchiveError) in try transaction.counts() }
        #expect(counts?.statements?.numbers == [1, 2, 2, 0])
        archive.close()
        #expect(try formatsWritten() == [3, 3])
        #expect(try records() == before)
        told = []
        try folder.open { told.append($0) }.close()
        #expect(!told.contains(.upgraded(from: 1, to: 3)))
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
    }

    @Test func upgradeThatIsCutOffHasNotHappened() throws {
        let failure = ArchiveError.failed(operation: "upgrading", reason: "cut off")
        #expect(throws: failure) {
            _ = try LMDBEnvironment(path: folder.lmdb, mapBytes: 64 << 20, structureCheckMax: nil) {
                (transaction, _) throws(ArchiveError) in
                var damaged: [DamagedRecord] = []
                _ = try transaction.upgrade(try transaction.readIdentity(&damaged))
                throw failure
            }
        }
        #expect(try formatsWritten() == [1, 1])
        try folder.open().close()
        #expect(try formatsWritten() == [3, 3])
    }

    /// Its journal names values alone, so nobody can follow it before the upgrade.
    @Test func journalOfFormat2CanBeFollowedFromTheUpgradeOn() throws {
        let folder = try FormatUpgradeTests.folder(ofFormat: 2)
        let before = try Dumps.items(folder)
        var told: [ArchiveProgress] = []
        let archive = try folder.open { told.append($0) }
        #expect(told.contains(.upgraded(from: 2, to: 3)) && archive.damagedRecords.isEmpty)
        let last = try archive.statistics().journalLast
        let start = {
            try archive.environment.read { (transaction) throws(ArchiveError) in try transaction.journalStart() }
        }
        #expect(last == 16)
        #expect(try start() == 17)
        #expect(try archive.count(.journal) == 16)
        #expect(try archive.dumpItems() == before)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        _ = try archive.commit([.unpin(.key(Target(hashing: "text")))], at: .start)
        #expect(try archive.statistics().journalLast == 17)
        #expect(try start() == 17)
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
    }

    @Test func damagedCountsAreCompleteAfterTheUpgrade() throws {
        try LMDBEnvironment(path: folder.lmdb, mapBytes: 64 << 20, structureCheckMax: nil) {
            (transaction, _) throws(ArchiveError) in
            try transaction.delete(.meta, Array(CountsRecord.key.utf8))
        }.close()
        let archive = try folder.open()
        let counts = try archive.environment.read { (transaction) throws(ArchiveError) in try transaction.counts() }
        #expect(counts?.statements?.numbers == [1, 2, 2, 0] && counts?.targets == 8)
        archive.close()
    }

    /// Of a full key, as a program of format 1 left it.
    @Test func upgradePutsFullKeysInOrder() throws {
        let folder = try Folder()
        var archive = try folder.open()
        try archive.store(try (0..<30).map { try Sample.unsigned("\($0)") })
        let served = try archive.served()
        var identity = archive.identity
        identity.format = 1
        try archive.environment.write { (transaction) throws(ArchiveError) in
            var encoder = RecordEncoder()
            while let key = try transaction.view.firstKey(.order, prefix: []) { try transaction.delete(.order, key) }
            var counts = try transaction.view.counts()
            counts?.statements = nil
            if let counts {
                encoder.encode(counts)
                try transaction.put(.meta, &encoder)
            }
            for key in IdentityRecord.keys {
                encoder.encode(identity, under: key)
                try transaction.put(.meta, &encoder)
            }
        }
        archive.close()
        archive = try folder.open()
        let isRight = try archive.accountsAreRight()
        #expect(isRight)
        #expect(try archive.count(.order) == 31)
        #expect(try archive.served() == served)
        archive.close()
    }

    /// What the operator says and takes back is counted, in whatever way it comes and goes.
    @Test func statementsAreCounted() throws {
        let archive = try Folder().openKept()
        let mine = try Sample.signed("mine", version: 1)
        func count() throws -> [Int]? {
            let (written, counted) = try archive.environment.read { (transaction) throws(ArchiveError) in
                (try transaction.counts()?.statements, try transaction.countRecords().statements)
            }
            #expect(written == counted)
            return written?.numbers
        }
        try archive.store(mine, from: .publishedHere)
        #expect(try count() == [0, 0, 1, 0])
        _ = try archive.commit(
            [.pin(.key(Sample.target)), .pin(.key(Sample.target)), .block(.signer(Sample.sender))], at: .start)
        #expect(try count() == [1, 1, 1, 0])
        _ = try archive.commit([.withdraw(Sample.target, mine), .unblock(.signer(Sample.sender))], at: .start)
        #expect(try count() == [1, 0, 1, 0])
        _ = try archive.forget(.key(Sample.target), block: true, at: .start)
        #expect(try count() == [0, 1, 0, 0])
    }
}
