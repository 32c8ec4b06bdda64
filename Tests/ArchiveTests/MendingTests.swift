import Foundation
import GRDB
import Glibc
import IPv8
import Synchronization
import Testing

@testable import Archive

@Suite struct MendingTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.fill()
    }

    private func findings() throws -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        _ = try ArchiveReader.open(folder: folder.path).verify(
            threads: 2, progress: { _ in }, found: { findings.append($0) })
        return findings
    }

    /// Flips a bit of the first record of a table.
    private func damage(_ table: ArchiveTable) throws {
        let archive = try folder.open()
        let key = try #require(
            try archive.environment.read { (transaction) throws(ArchiveError) in
                try transaction.firstKey(table, prefix: [])
            })
        var record = try #require(try archive.rawRecord(table, key))
        record[record.count - 1] ^= 1
        try archive.putRaw(table, key, record)
        archive.close()
    }

    @Test(arguments: [
        ArchiveTable.entries, .history, .evidence, .floors, .publications, .pins, .blocks, .holdings, .ranks, .ages,
    ])
    func damageIsFoundAndMovedAside(table: ArchiveTable) throws {
        let before = try folder.open()
        let (pinsBefore, blocksBefore) = (try before.pins().count, try before.blocks().count)
        before.close()
        #expect(pinsBefore > 0 && blocksBefore > 0)
        try damage(table)
        #expect(try findings().map(\.table) == [table.name])
        let archive = try folder.open()
        let report = try archive.repair(at: Folder.filled) { _, _ in }
        // What the operator has said goes on to hold.
        let (pins, blocks) = (try archive.pins().count, try archive.blocks().count)
        archive.close()
        #expect(pins == pinsBefore && blocks == blocksBefore)
        #expect(report.quarantined == [table.name: 1])
        #expect(try findings().isEmpty)
        let verified = try ArchiveReader.open(folder: folder.path).verify(
            threads: 1, progress: { _ in }, found: { _ in })
        #expect(verified.quarantined == 1)
    }

    @Test func wrongCountsAreMadeAnew() throws {
        let archive = try folder.open()
        var encoder = RecordEncoder()
        encoder.encode(CountsRecord())
        _ = try archive.environment.write { (transaction) throws(ArchiveError) in
            try transaction.put(.meta, &encoder)
        }
        #expect(try archive.repair(at: Folder.filled) { _, _ in }.countsRestored)
        archive.close()
        #expect(try findings().isEmpty)
    }

    @Test func indexOfRetainedValuesIsComparedToo() throws {
        let archive = try folder.open()
        while try !archive.sweep(at: Folder.filled + 7200, limit: 100).endsRound {}
        try archive.followToEnd()
        archive.close()
        #expect(try findings().isEmpty)
        let queue = try DatabaseQueue(path: folder.index)
        try queue.write { try $0.execute(sql: "UPDATE entries SET expires_at = 1 WHERE retained = 1 AND class = 3") }
        try queue.close()
        #expect(try findings().map(\.fault) == ["is another in the index"])
        let mended = try folder.open()
        _ = try mended.repair(at: Folder.filled) { _, _ in }
        mended.close()
        #expect(try findings().isEmpty)
    }

    @Test func pagesThatContradictEachOtherAreFound() throws {
        var bytes = try folder.bytes(folder.lmdb)
        // The high byte of the main tree's page number, in both meta pages, would be refused at once; the page count of
        // its branches is only found by looking over the pages.
        let roots = try #require(bytes.indices.dropFirst(8192).first { bytes[$0] != 0 })
        bytes[roots + 10] ^= 0xFF
        try folder.write(bytes, to: folder.lmdb)
        let found = try? findings()
        #expect(found == nil || found?.isEmpty == false)
    }

    @Test func compactedArchiveHoldsTheSameInLess() throws {
        let archive = try folder.open()
        for number in 0..<600 {
            try archive.store(
                try Sample.unsigned("\(number)"), under: Target(hashing: "\(number)"), at: Folder.filled)
        }
        for number in 0..<600 {
            _ = try archive.forget(.key(Target(hashing: "\(number)")), block: false, at: Folder.filled)
        }
        try archive.followToEnd()
        archive.close()
        let before = try Dumps.items(folder)
        let result = try CompactedArchive(try LockedFolder(folder.path)).run(
            keepsOld: false, progress: { _ in })
        #expect(result.bytesAfter < result.bytesBefore && result.keptAs == nil)
        #expect(try Dumps.items(folder) == before)
        #expect(try findings().isEmpty)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix("archive.mdb.") })
    }

    /// LMDB would take the last transaction of its file of readers for the new file's, and look at its empty first page.
    @Test(arguments: 0...1)
    func somebodyWhoStillLooksAtTheOldArchiveHarmsNoNewOne(furtherCommits: Int) throws {
        let archive = try folder.open()
        for _ in 0..<furtherCommits {
            _ = try archive.commit([.pin(.key(Target(hashing: "further")))], at: Folder.filled)
        }
        try archive.followToEnd()
        let reader = try ReadOnlyEnvironment(path: folder.path + "/archive.mdb", isShared: true)
        archive.close()
        let before = try Dumps.items(folder)
        _ = try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: false, progress: { _ in })
        #expect(try Dumps.items(folder) == before)
        let node = try folder.open()
        try node.store(Sample.unsigned("one commit"), under: Target(hashing: "later"), at: Folder.filled)
        node.close()
        let again = try folder.open()
        #expect(try again.records(of: Target(hashing: "later")).count == 1)
        again.close()
        withExtendedLifetime(reader) {}
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
    func rootChangesNothingOfSomebodyElses() throws {
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        #expect(throws: ArchiveError.foreignFolder(folder: folder.path, owner: "nobody")) {
            try LockedFolder(folder.path)
        }
    }

    /// The archive may lie on another disk. A copy would be on this one, and the archive, with all that was forgotten, on that.
    @Test func archiveBehindALinkIsNotCompacted() throws {
        let elsewhere = try Folder()
        let (path, place) = (folder.path + "/archive.mdb", elsewhere.path + "/archive.mdb")
        try FileManager.default.moveItem(atPath: path, toPath: place)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: place)
        let before = try folder.bytes(place)
        let error = try #require(throws: ArchiveError.self) {
            try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: false, progress: { _ in })
        }
        #expect(error.description.contains("is a symbolic link"))
        #expect(try folder.bytes(place) == before)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == place)
    }

    @Test func oldArchiveIsKeptWhereThatIsAsked() throws {
        let result = try CompactedArchive(try LockedFolder(folder.path)).run(
            keepsOld: true, progress: { _ in })
        let kept = try #require(result.keptAs)
        #expect(try !folder.bytes(kept).isEmpty)
        #expect(throws: ArchiveError.keptArchive(path: kept)) {
            try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: true, progress: { _ in })
        }
        // What was kept on purpose is nobody else's to delete.
        _ = try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: false, progress: { _ in })
        #expect(FileManager.default.fileExists(atPath: kept))
    }

    /// Killed before the exchange, both names are one file; killed after it, the old archive has the other one.
    @Test(arguments: [true, false])
    func compactFinishesWhatAKilledRunLeft(isExchanged: Bool) throws {
        let archive = try folder.open()
        try archive.store(Sample.unsigned("kept"), under: Target(hashing: "kept"), at: Folder.filled)
        try archive.followToEnd()
        archive.close()
        let before = try Dumps.items(folder)
        let aside = folder.lmdb + ".compacting"
        if isExchanged {
            try FileManager.default.copyItem(atPath: folder.lmdb, toPath: aside)
        } else {
            #expect(link(folder.lmdb, aside) == 0)
        }
        try "half a copy".write(toFile: folder.lmdb + ".compacted", atomically: false, encoding: .utf8)
        _ = try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: false, progress: { _ in })
        #expect(try Dumps.items(folder) == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!names.contains { $0.hasPrefix("archive.mdb.") })
    }

    /// Then the old archive is the only whole one.
    @Test func oldArchiveStaysWhereTheNewOneDoesNotOpen() throws {
        let aside = folder.lmdb + ".compacting"
        let archive = try folder.open()
        archive.close()
        try FileManager.default.copyItem(atPath: folder.lmdb, toPath: aside)
        let handle = try #require(FileHandle(forWritingAtPath: folder.lmdb))
        try handle.truncate(atOffset: 5000)
        try handle.close()
        #expect(throws: ArchiveError.unfinishedCompact(path: aside)) {
            try CompactedArchive(try LockedFolder(folder.path)).run(keepsOld: false, progress: { _ in })
        }
        #expect(FileManager.default.fileExists(atPath: aside))
    }

    @Test func indexOfANodeWithOtherSettingsIsNotMadeAnew() throws {
        var options = ArchiveOptions.small
        options.republishing.interval = .seconds(99)
        let archive = try folder.open(options)
        try archive.followToEnd()
        archive.close()
        #expect(ArchiveOptions(fittingIndexIn: folder.path).republishing == options.republishing)
        var told: [ArchiveProgress] = []
        try folder.open(ArchiveOptions(fittingIndexIn: folder.path)) { told.append($0) }.close()
        #expect(told.isEmpty)
        try folder.removeIndex()
        #expect(ArchiveOptions(fittingIndexIn: folder.path) == ArchiveOptions())
    }

    @Test func folderIsHeldByOneAlone() throws {
        let held = try LockedFolder(folder.path)
        #expect(throws: ArchiveError.inUse(folder: folder.path)) { try LockedFolder(folder.path) }
        #expect(try ArchiveReader.open(folder: folder.path).isInUse)
        withExtendedLifetime(held) {}
    }

    @Test func folderIsHadOnceThoseWhoLookAtItAreDone() throws {
        // Where there is none, no node has been, and a look keeps nobody out.
        try Data().write(to: URL(filePath: folder.path + "/lock"))
        let reader = Mutex<ArchiveReader?>(try ArchiveReader.open(folder: folder.path))
        let isDone = Mutex(false)
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: 0.3)
            isDone.withLock { $0 = true }
            reader.withLock { $0 = nil }
        }
        let held = try LockedFolder(folder.path)
        #expect(isDone.withLock { $0 })
        withExtendedLifetime(held) {}
    }

    @Test func copyOfAnArchiveInUseIsAtRest() throws {
        let held = try LockedFolder(folder.path)
        let archive = try folder.open()
        let before = try ArchiveReader.open(folder: folder.path).atRest(temporaryFolder: NSTemporaryDirectory())
        #expect(!before.isInUse)
        try archive.store(try Sample.unsigned("later"), under: Target(hashing: "later"), at: Folder.filled)
        #expect(try before.values(of: Target(hashing: "later")).isEmpty)
        #expect(try before.values(of: Sample.target).count == 3)
        withExtendedLifetime(held) {}
        archive.close()
    }
}
