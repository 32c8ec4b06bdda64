import Foundation
import Glibc
import IPv8
import Testing

@testable import Archive

/// Files that disappear while an archive is open.
@Suite struct LostFilesTests {
    private let folder: Folder
    private let archive: Archive

    init() throws {
        folder = try Folder()
        archive = try folder.open()
        try archive.store(try Sample.unsigned("before"))
        try archive.followToEnd()
    }

    private func store(_ text: String) throws -> [StoreOutcome] { try archive.store(try Sample.unsigned(text)) }

    private func expectNothingIsStored(_ detail: String, _ location: SourceLocation = #_sourceLocation) {
        #expect(throws: ArchiveError.misplaced(path: folder.lmdb, detail: detail), sourceLocation: location) {
            try store("lost")
        }
        #expect(!archive.isWritable, sourceLocation: location)
        #expect((try? archive.served())?.count == 1, "what is held is served", sourceLocation: location)
    }

    @Test func nothingIsStoredInADeletedFile() throws {
        #expect(archive.isWritable)
        #expect(unlink(folder.lmdb) == 0)
        expectNothingIsStored("is gone")
        let target = try Folder()
        _ = try archive.copy(into: target.path)
        archive.close()
        let copy = try target.open()
        #expect(try copy.served().count == 1, "what the process still has open can be saved")
        copy.close()
    }

    @Test func nothingIsStoredOnceAnotherFileIsInPlace() throws {
        let aside = folder.lmdb + ".aside"
        #expect(rename(folder.lmdb, aside) == 0)
        try FileManager.default.copyItem(atPath: aside, toPath: folder.lmdb)
        expectNothingIsStored("is another file than the one that the node has open")
        #expect(rename(aside, folder.lmdb) == 0)
        #expect(try store("after").allSatisfy(\.isHeld))
        #expect(archive.isWritable)
        archive.close()
    }

    @Test func nothingIsStoredInAFolderThatWasMovedAway() throws {
        let aside = folder.path + ".aside"
        #expect(rename(folder.path, aside) == 0)
        expectNothingIsStored("is gone")
        #expect(mkdir(folder.path, 0o700) == 0)
        try FileManager.default.copyItem(atPath: aside + "/archive.mdb", toPath: folder.lmdb)
        expectNothingIsStored("is another file than the one that the node has open")
        #expect(rename(aside + "/archive.mdb", folder.lmdb) == 0)
        #expect(try store("after").allSatisfy(\.isHeld))
        archive.close()
        try FileManager.default.removeItem(atPath: aside)
    }

    @Test func fileThatIsDeletedDuringACommitIsNotAcknowledged() throws {
        let path = folder.lmdb
        #expect(throws: ArchiveError.misplaced(path: path, detail: "is gone")) {
            try archive.inPass(at: .start, true) { (_) throws(ArchiveError) in
                if unlink(path) != 0 { throw .unavailable(path: path, reason: "") }
            }
        }
        archive.close()
    }

    @Test func nothingIsStoredInAFileThatWasCutOff() throws {
        // Longer than what is read of it, so that nothing behind the end is touched.
        let size = Int(try FileManager.default.attributesOfItem(atPath: folder.lmdb)[.size] as? Int ?? 0)
        #expect(truncate(folder.lmdb, size - 4096) == 0)
        let error = try #require(throws: ArchiveError.self) { try store("lost") }
        #expect(error == .truncated(path: folder.lmdb, expectedBytes: size, foundBytes: size - 4096))
        archive.close()
    }

    @Test(arguments: [["", "-wal", "-shm"], [""], ["-wal"], ["-wal", "-shm"]])
    func deletedIndexIsMadeAnew(suffixes: [String]) throws {
        #expect(!archive.reopenLostIndex())
        for suffix in suffixes { #expect(unlink(folder.index + suffix) == 0) }
        #expect(archive.reopenLostIndex())
        #expect(try store("after").allSatisfy(\.isHeld))
        try archive.followToEnd()
        #expect(!archive.reopenLostIndex())
        archive.close()
        var told: [ArchiveProgress] = []
        try folder.open { told.append($0) }.close()
        #expect(told.isEmpty, "it is complete")
    }

    @Test func replacedIndexIsBroughtUpToDate() throws {
        let other = try Folder()
        let stranger = try other.open()
        try stranger.store(try Sample.unsigned("of another archive"))
        try stranger.followToEnd()
        stranger.close()
        #expect(rename(other.index, folder.index) == 0)
        #expect(archive.reopenLostIndex())
        try archive.followToEnd()
        archive.close()
        var told: [ArchiveProgress] = []
        try folder.open { told.append($0) }.close()
        #expect(told.isEmpty)
    }

    @Test func indexOfAFolderThatTookThePlaceIsLeftAlone() throws {
        let aside = folder.path + ".aside"
        #expect(rename(folder.path, aside) == 0 && mkdir(folder.path, 0o700) == 0)
        try Data("somebody else's".utf8).write(to: URL(filePath: folder.index + "-wal"))
        #expect(!archive.reopenLostIndex())
        #expect(try folder.content() == ["index.sqlite-wal": Array("somebody else's".utf8)])
        try FileManager.default.removeItem(atPath: folder.path)
        #expect(rename(aside, folder.path) == 0)
        #expect(!archive.reopenLostIndex())
        archive.close()
    }

    @Test func deletedFileOfReadersIsSeenOnBothSides() throws {
        let readers = folder.lmdb + "-lock"
        #expect(!archive.hasLostReadersFile)
        #expect(unlink(readers) == 0)
        #expect(archive.hasLostReadersFile)
        let held = try LockedFolder(folder.path)
        let error = try #require(throws: ArchiveError.self) { try ArchiveReader.open(folder: folder.path) }
        #expect(error.description.contains(readers))
        #expect(access(readers, F_OK) != 0, "no other one was made")
        withExtendedLifetime(held) {}
        archive.close()
    }
}
