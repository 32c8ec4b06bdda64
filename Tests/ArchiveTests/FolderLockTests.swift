import Foundation
import Glibc
import Platform
import Testing

@testable import Archive

/// Who may have a data folder, and what in it is refused.
@Suite struct FolderLockTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.open().close()
    }

    private var lockFile: String { folder.path + "/lock" }

    /// Locks the file as versions do that look at nothing else.
    private func lockOnlyTheFile() throws -> Int32 {
        let file = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else { throw ArchiveError.inUse(folder: folder.path) }
        return file
    }

    private func openFolder() throws -> OpenFile { try OpenFile(folder.path, flags: O_RDONLY | O_DIRECTORY) }

    private func check() throws -> [String] {
        let opened = try openFolder()
        return try FolderSafety.check(opened.descriptor, folder.path)
    }

    // MARK: Locks

    @Test func deletingTheFileLetsNobodyIn() throws {
        let held = try LockedFolder(folder.path)
        #expect(unlink(lockFile) == 0)
        #expect(throws: ArchiveError.inUse(folder: folder.path)) { try LockedFolder(folder.path) }
        #expect(try ArchiveReader.open(folder: folder.path).isInUse)
        withExtendedLifetime(held) {}
    }

    @Test func lockOfAnEarlierVersionCounts() throws {
        let file = try lockOnlyTheFile()
        #expect(throws: ArchiveError.inUse(folder: folder.path)) { try LockedFolder(folder.path) }
        #expect(try ArchiveReader.open(folder: folder.path).isInUse)
        close(file)
        _ = try LockedFolder(folder.path)
    }

    @Test func readerWithoutAFileKeepsNodesOut() throws {
        #expect(access(lockFile, F_OK) != 0)
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(throws: ArchiveError.beingRead(folder: folder.path, processIDs: [getpid()])) {
            try LockedFolder(folder.path)
        }
        #expect(try !ArchiveReader.open(folder: folder.path).isInUse)
        withExtendedLifetime(reader) {}
    }

    @Test func deletedFileIsCreatedAndLockedAgain() throws {
        let opened = try openFolder()
        let lock = try FolderLock(of: folder.path, in: opened.descriptor)
        #expect(lock.mend() == .sound)
        #expect(unlink(lockFile) == 0)
        #expect(lock.mend() == .renewed)
        #expect(try folder.bytes(lockFile) == Array("\(getpid())\n".utf8))
        #expect(throws: ArchiveError.inUse(folder: folder.path)) { try lockOnlyTheFile() }
        #expect(lock.mend() == .sound)
    }

    @Test func replacedFileThatAnEarlierVersionHasLockedIsTold() throws {
        let opened = try openFolder()
        let lock = try FolderLock(of: folder.path, in: opened.descriptor)
        #expect(unlink(lockFile) == 0)
        let file = try lockOnlyTheFile()
        #expect(lock.mend() == .heldByAnother(nil))
        close(file)
        #expect(lock.mend() == .renewed)
    }

    @Test func folderThatWasReplacedMeanwhileIsNotTaken() throws {
        let opened = try openFolder()
        let aside = folder.path + ".aside"
        #expect(rename(folder.path, aside) == 0 && mkdir(folder.path, 0o700) == 0)
        defer { try? FileManager.default.removeItem(atPath: aside) }
        #expect(throws: FolderLock.Failure.replaced) { try FolderLock(of: folder.path, in: opened.descriptor) }
    }

    // MARK: What is refused

    @Test func folderThatOthersMayWriteToIsRefused() throws {
        #expect(chmod(folder.path, 0o777) == 0)
        #expect(
            throws: ArchiveError.unsafe(
                path: folder.path, problem: "can be written to by every user (permissions 0777)",
                remedy: "run: chmod o-w \(folder.path)")
        ) { try LockedFolder(folder.path) }
        #expect(chmod(folder.path, 0o770) == 0)
        #expect(try check().first?.contains("0770") == true)
        #expect(chmod(folder.path, 0o700) == 0)
        #expect(try check().isEmpty)
    }

    @Test(arguments: [
        "lock", "control.sock", "archive.mdb-lock", "archive.mdb.new", "archive.mdb.new-lock", "archive.mdb.compacted",
        "archive.mdb.before-compact", "index.sqlite-wal", "index.sqlite-shm", "index.sqlite.damaged",
        "bristlecone.format",
    ])
    func plantedLinkIsRefusedAndNotFollowed(name: String) throws {
        let victim = try Folder()
        let target = victim.path + "/precious"
        try Data("precious".utf8).write(to: URL(filePath: target))
        unlink(folder.path + "/" + name)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
        let error = try #require(throws: ArchiveError.self) { try LockedFolder(folder.path) }
        #expect(error == FolderSafety.link(folder.path + "/" + name))
        #expect(try victim.bytes(target) == Array("precious".utf8))
    }

    @Test func lockFileOfLMDBIsNeverALink() throws {
        let victim = try Folder()
        let target = victim.path + "/precious"
        try Data("precious".utf8).write(to: URL(filePath: target))
        let link = folder.path + "/archive.mdb-lock"
        #expect(unlink(link) == 0 && symlink(target, link) == 0)
        #expect(throws: FolderSafety.link(link)) { try folder.open() }
        let node = try lockOnlyTheFile()
        #expect(throws: FolderSafety.link(link)) { try ArchiveReader.open(folder: folder.path) }
        #expect(unlink(link) == 0 && Glibc.link(target, link) == 0)
        #expect(throws: ArchiveError.self) { try ArchiveReader.open(folder: folder.path) }
        close(node)
        #expect(throws: ArchiveError.self) { try folder.open() }
        #expect(try victim.bytes(target) == Array("precious".utf8))
    }

    @Test func secondNameAndOtherKindsOfFileAreRefused() throws {
        let victim = try Folder()
        try Data("precious".utf8).write(to: URL(filePath: victim.path + "/precious"))
        #expect(Glibc.link(victim.path + "/precious", lockFile) == 0)
        #expect(throws: ArchiveError.self) { try check() }
        #expect(unlink(lockFile) == 0 && mkfifo(lockFile, 0o600) == 0)
        #expect(throws: ArchiveError.self) { try check() }
        #expect(unlink(lockFile) == 0)
        // An operator may keep these on another disk.
        let elsewhere = victim.path + "/archive.mdb"
        #expect(rename(folder.lmdb, elsewhere) == 0 && symlink(elsewhere, folder.lmdb) == 0)
        #expect(try check().isEmpty)
        try folder.open().close()
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func filesOfAnotherUserAreRefused() throws {
        for name in ["archive.mdb", "archive.mdb-lock"] {
            #expect(chown(folder.path + "/" + name, 65_534, 65_534) == 0)
            let error = try #require(throws: ArchiveError.self) { try check() }
            #expect(error.description.contains("nobody") && error.description.contains("chown root"))
            #expect(chown(folder.path + "/" + name, 0, 0) == 0)
        }
        #expect(try check().isEmpty)
    }
}
