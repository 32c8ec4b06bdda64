import Foundation
import IPv8
import Synchronization
import Testing

@testable import Archive

@Suite struct CopyTests {
    @Test func copyHoldsWhatTheArchiveHoldsAndFitsItsIndex() throws {
        let (folder, target) = (try Folder(), try Folder())
        let archive = try folder.open()
        for number in 0..<100 {
            try archive.store(try Sample.unsigned("\(number)"), under: Target(hashing: "\(number)"))
        }
        try archive.followToEnd()
        #expect(try archive.copy(into: target.path) == ArchiveCopy(files: ["archive.mdb", "index.sqlite"]))
        var progress: [ArchiveProgress] = []
        let copy = try target.open { progress.append($0) }
        #expect(progress.isEmpty, "neither begun anew nor rebuilt")
        #expect(copy.archiveID == archive.archiveID)
        #expect(try copy.follow() == FollowResult(applied: 0, isCurrent: true))
        #expect(try copy.indexDifferences().isEmpty)
        #expect(try copy.statistics().values == 100)
    }

    @Test func filesOfACopyAreTheirOwnersAlone() throws {
        let (archive, target) = (try Folder().openKept(), try Folder())
        _ = try archive.copy(into: target.path)
        for name in ["archive.mdb", "index.sqlite"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(target.path)/\(name)")
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    /// What is stored between the copy of the index and that of LMDB is caught up with, and not rebuilt.
    @Test func copyOfAnIndexThatIsBehindCatchesUp() throws {
        let (folder, target) = (try Folder(), try Folder())
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("a"))
        try archive.followToEnd()
        for number in 0..<20 { try archive.store(try Sample.unsigned("b \(number)")) }
        _ = try archive.copy(into: target.path)
        var progress: [ArchiveProgress] = []
        let copy = try target.open { progress.append($0) }
        #expect(try copy.followToEnd().reduce(0) { $0 + $1.applied } == 20)
        #expect(progress.isEmpty)
        #expect(try copy.indexDifferences().isEmpty)
    }

    @Test func copyOfAnIndexThatIsAheadIsRebuilt() throws {
        let (folder, earlier, later) = (try Folder(), try Folder(), try Folder())
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("a"))
        try archive.followToEnd()
        _ = try archive.copy(into: earlier.path)
        try archive.store(try Sample.unsigned("b"))
        try archive.followToEnd()
        _ = try archive.copy(into: later.path)
        try earlier.write(try later.bytes(later.index), to: earlier.index)
        let copy = try earlier.open()
        try copy.followToEnd()
        #expect(try copy.statistics().values == 1)
        #expect(try copy.indexDifferences().isEmpty)
    }

    @Test func everyCopyMadeWhileItIsStoredToIsSound() async throws {
        let folder = try Folder()
        let archive = try folder.open()
        let writer = Task.detached {
            for number in 0..<2000 where !Task.isCancelled {
                try archive.store(try Sample.unsigned("\(number)"), under: Target(hashing: "\(number % 50)"))
                _ = try archive.follow()
            }
        }
        for _ in 0..<10 {
            let target = try Folder()
            let acknowledged = try archive.statistics().values
            _ = try archive.copy(into: target.path)
            let reader = try ArchiveReader.open(folder: target.path)
            var findings: [VerifyFinding] = []
            let report = try reader.verify(threads: 2, progress: { _ in }, found: { findings.append($0) })
            #expect(findings.isEmpty && report.findings == 0)
            #expect(try reader.summary(at: .start).values?.all ?? 0 >= acknowledged)
        }
        writer.cancel()
        _ = try? await writer.value
    }

    @Test func copyThatIsStoppedEndsSoonAndIsInNobodysWay() throws {
        let (folder, stopped, whole) = (try Folder(), try Folder(), try Folder())
        let archive = try folder.open()
        for number in 0..<3000 {
            try archive.store(try Sample.unsigned("\(number)"), under: Target(hashing: "\(number)"))
        }
        let asked = Atomic(0)
        #expect(throws: ArchiveError.copyStopped) {
            try archive.copy(into: stopped.path, unless: { asked.add(1, ordering: .relaxed).newValue == 3 })
        }
        let (copied, all) = (try stopped.bytes(stopped.lmdb).count, try folder.bytes(folder.lmdb).count)
        #expect(copied > 0 && copied < all, "\(copied) of \(all) bytes")
        try archive.store(try Sample.unsigned("later"))
        _ = try archive.copy(into: whole.path)
        #expect(try whole.open().statistics().values == 3001)
    }

    @Test func whatTheDiskRefusesEndsTheCopy() throws {
        let (archive, target) = (try Folder().openKept(), try Folder())
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        #expect(try archive.environment.copy(toDescriptor: full, unless: { false }) == ENOSPC)
        _ = try archive.copy(into: target.path)
    }

    @Test func copyIsRefusedWhereAFileIsInTheWay() throws {
        let (archive, target) = (try Folder().openKept(), try Folder())
        _ = try archive.copy(into: target.path)
        let before = try target.bytes(target.lmdb)
        #expect(throws: ArchiveError.notCopied(path: target.index, reason: "File exists")) {
            try archive.copy(into: target.path)
        }
        #expect(try target.bytes(target.lmdb) == before)
    }
}
