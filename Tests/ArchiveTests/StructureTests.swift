import Foundation
import GRDB
import IPv8
import Testing

@testable import Archive

@Suite struct StructureTests {
    /// Branches, lists of free pages that need pages of their own, and values that were taken out again.
    private func grown() throws -> Folder {
        let folder = try Folder()
        let archive = try folder.open(patient)
        for group in 0..<24 {
            let changes = try (0..<64).map { number in
                ArchiveChange.store(
                    StoreChange(
                        target: Target(hashing: "\(group % 20) \(number)"),
                        entries: [try Sample.signed("\(group)", version: UInt32(group + 1))], expiresAt: .start + 3600,
                        provenance: Sample.received))
            }
            _ = try archive.commit(changes, at: .start)
            if group.isMultiple(of: 5) { try archive.followToEnd() }
        }
        archive.close()
        return folder
    }

    private var patient: ArchiveOptions {
        var options = ArchiveOptions.small
        options.structureCheckMax = nil
        return options
    }

    private func check(_ folder: Folder, limit: Duration? = nil) throws -> StructureCheck.Result {
        try StructureCheck.check(path: folder.lmdb, limit: limit)
    }

    @Test func soundFilePassesWhole() throws {
        let folder = try grown()
        let result = try check(folder)
        #expect(result.isComplete)
        #expect(result.pageCount > 100)
        #expect(try folder.open(patient).statistics().values == 20 * 64)
    }

    @Test func emptyAndMissingFilesPass() throws {
        let folder = try Folder()
        #expect(try check(folder).isComplete)
        try Data().write(to: URL(filePath: folder.lmdb))
        #expect(try check(folder).isComplete)
    }

    @Test func checkEndsWhenItsTimeIsUp() throws {
        let result = try check(try grown(), limit: .zero)
        #expect(!result.isComplete)
        #expect(result.pageCount < 40)
    }

    /// Every bit of the headers and node offsets of every page that is in use.
    @Test func everyFlippedBitOfAPageHeaderIsReported() throws {
        let folder = try grown()
        let whole = try folder.bytes(folder.lmdb)
        let file = try FileHandle(forUpdating: URL(filePath: folder.lmdb))
        defer { try? file.close() }
        var checkedPages = 0
        for page in stride(from: 2, to: 120, by: 13) {
            let start = page * 4096
            let flags = UInt16(whole[start + 10]) | UInt16(whole[start + 11]) << 8
            var reported = 0
            // Number, flags, lower, upper, and the first node's offset; the two bytes between mean nothing.
            let offsets = Array(0..<8) + Array(10..<18)
            for bit in offsets.flatMap({ offset in (0..<8).map { offset * 8 + $0 } }) {
                let place = start + bit / 8
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [whole[place] ^ 1 << UInt8(bit % 8)])
                do {
                    _ = try check(folder)
                } catch ArchiveError.damaged {
                    reported += 1
                }
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [whole[place]])
            }
            // A page that is free holds what it last held, and nobody looks at it.
            #expect(reported == 0 || reported == offsets.count * 8, "page \(page) with flags \(flags)")
            if reported > 0 { checkedPages += 1 }
        }
        #expect(checkedPages >= 4)
        #expect(try check(folder).isComplete)
    }

    @Test func olderStateUnderTheNewestNumberIsReported() throws {
        let folder = try grown()
        let whole = try folder.bytes(folder.lmdb)
        let transactions = [0, 1].map { whole[$0 * 4096 + 144] }
        let older = transactions[0] < transactions[1] ? 0 : 1
        for (page, number) in [(older, transactions[older] + 2), (1 - older, transactions[1 - older] - 2)] {
            var altered = whole
            altered[page * 4096 + 144] = number
            try folder.write(altered, to: folder.lmdb)
            let error = #expect(throws: ArchiveError.self) { try folder.open(patient) }
            #expect(
                error
                    == .damaged(
                        path: folder.lmdb, detail: "its meta pages are not of the transactions that they name"))
        }
    }

    @Test func everyTransactionThatChangesSomethingSaysWhichItIs() throws {
        let folder = try Folder()
        let archive = try folder.open(patient)
        let number = { () throws in
            let key = Array(TransactionRecord.key.utf8)
            let record = try #require(try archive.rawRecord(.meta, key))
            return try lending(key) { (key) throws(ArchiveError) in
                try lending(record) { (record) throws(ArchiveError) in TransactionRecord(record, key: key)?.number }
            }
        }
        #expect(try number() == 1)
        try archive.store(try Sample.unsigned("x"))
        #expect(try number() == 2)
        // A refresh that is not worth a write makes no transaction.
        try archive.store(try Sample.unsigned("x"))
        #expect(try number() == 2)
        try archive.putRaw(.floors, [1], [2])
        #expect(try number() == 3)
        try archive.environment.write { (transaction) throws(ArchiveError) in
            try lending([1]) { (key) throws(ArchiveError) in try transaction.delete(.floors, key) }
        }
        #expect(try number() == 4)
        try archive.environment.write { (transaction) throws(ArchiveError) in
            try lending([1]) { (key) throws(ArchiveError) in try transaction.delete(.floors, key) }
        }
        #expect(try number() == 4)
        try archive.environment.write { (transaction) throws(ArchiveError) in
            var cursor = try transaction.view.cursor(.journal)
            if try cursor.first() { try cursor.delete() }
        }
        #expect(try number() == 5)
    }

    @Test func whatAnInterruptedBeginningLeftIsNoHindrance() throws {
        let folder = try Folder()
        try Data([1, 2, 3]).write(to: URL(filePath: folder.lmdb + ".new"))
        try Data([1, 2, 3]).write(to: URL(filePath: folder.lmdb + ".new-lock"))
        var progress: [ArchiveProgress] = []
        try folder.open(patient) { progress.append($0) }.close()
        #expect(progress == [.created])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.contains(".new") })
    }

    @Test func lockFileHasItsRoomFromTheBeginning() throws {
        let folder = try Folder()
        let archive = try folder.open(patient)
        var status = stat()
        #expect(stat(folder.lmdb + "-lock", &status) == 0)
        #expect(Int(status.st_blocks) * 512 >= Int(status.st_size))
        #expect(status.st_size == off_t(192 + (LMDBEnvironment.readersMax - 1) * 64))
        archive.close()
    }

    @Test func indexThatDiffersIsMadeAnew() throws {
        let archive = try Folder().openKept()
        for number in 0..<20 { try archive.store(try Sample.unsigned("\(number)")) }
        try archive.followToEnd()
        try archive.index.write { try $0.execute(sql: "UPDATE entries SET expires_at = 7 WHERE byte_count > 2") }
        #expect(try !archive.indexDifferences().isEmpty)
        try archive.rebuildIndex(because: "it differs from the archive")
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
    }
}
