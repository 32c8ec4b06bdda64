import Archive
import Glibc
import IPv8
import Platform
import SystemPackage
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct DataFolderTests {
    private let parent: TemporaryFolder
    private let path: String

    init() throws {
        parent = try TemporaryFolder()
        path = parent.file("data")
    }

    /// The names in the data folder; `nil` where there is none.
    private func names(_ path: String? = nil) -> [String]? {
        guard let folder = try? OpenFolder(path ?? self.path) else { return nil }
        return try? folder.names()
    }

    private func contents(_ name: String) -> [UInt8]? {
        guard let folder = try? OpenFolder(path) else { return nil }
        return try? folder.contents(of: name, bytesMax: 1 << 16)
    }

    private func makeFolder() throws {
        try #require(mkdir(path, 0o700) == 0)
    }

    @Test func createsTheFolderForItsOwnerAlone() throws {
        let folder = try DataFolder.open(path)
        defer { folder.close() }
        #expect(folder.isNew)
        #expect(names() == ["bristlecone.format", "bristlecone.yaml", "identity.key", "lock"])
        #expect(TemporaryFolder.permissions(of: path) == 0o700)
        for name in names() ?? [] { #expect(TemporaryFolder.permissions(of: "\(path)/\(name)") == 0o600, "\(name)") }
        #expect(contents("bristlecone.format") == Array("1\n".utf8))
        #expect(contents("bristlecone.yaml") == Array(DefaultFile.text.utf8))
        #expect(contents("lock") == Array("\(getpid())\n".utf8))
    }

    @Test func createsTheFoldersAboveToo() throws {
        let deep = path + "/a/b/"
        let folder = try DataFolder.open(deep)
        #expect(names(deep)?.contains("identity.key") == true)
        folder.abandon()
        #expect(names() == nil)
    }

    @Test func givesTheSameIdentityAgain() throws {
        let first = try DataFolder.open(path)
        first.close()
        let second = try DataFolder.open(path)
        defer { second.close() }
        #expect(!second.isNew)
        #expect(second.identity.bytes == first.identity.bytes)
        #expect(contents("identity.key") == first.identity.bytes)
    }

    @Test func keepsAnEditedConfiguration() throws {
        try makeFolder()
        try parent.write("data/bristlecone.yaml", "threads: 3\n")
        try DataFolder.open(path).close()
        #expect(contents("bristlecone.yaml") == Array("threads: 3\n".utf8))
    }

    @Test func isLockedForOthersUntilItIsClosed() throws {
        let folder = try DataFolder.open(path)
        #expect(throws: DataFolderError.locked(path: path, processID: getpid())) { try DataFolder.open(path) }
        folder.close()
        try DataFolder.open(path).close()
    }

    @Test func leavesTheHoldersFilesWhenItIsLocked() throws {
        let folder = try DataFolder.open(path)
        defer { folder.close() }
        let before = names()
        _ = try? DataFolder.open(path)
        #expect(names() == before)
        #expect(contents("lock") == Array("\(getpid())\n".utf8))
    }

    @Test func refusesANewerFormatAndChangesNothing() throws {
        try makeFolder()
        try parent.write("data/bristlecone.format", "2\n")
        #expect(throws: DataFolderError.newerFormat(path: path, format: 2)) { try DataFolder.open(path) }
        #expect(names() == ["bristlecone.format"])
        #expect(contents("bristlecone.format") == Array("2\n".utf8))
    }

    @Test(arguments: ["", "one\n", "0\n", "-1\n", "1 \n", "99999999999999999999\n"])
    func refusesAFormatThatIsNoNumber(text: String) throws {
        try makeFolder()
        try parent.write("data/bristlecone.format", text)
        #expect(throws: DataFolderError.unreadableFormat(path: path + "/bristlecone.format")) {
            try DataFolder.open(path)
        }
        #expect(names() == ["bristlecone.format"])
    }

    @Test func refusesAFolderOfSomethingElseAndChangesNothing() throws {
        try makeFolder()
        try parent.write("data/thesis.tex", "")
        #expect(throws: DataFolderError.foreignFiles(path: path, example: "thesis.tex")) { try DataFolder.open(path) }
        #expect(names() == ["thesis.tex"])
    }

    @Test func takesAFolderThatAnArchiveWasImportedInto() throws {
        try makeFolder()
        for name in ["archive.mdb", "archive.mdb-lock", "index.sqlite", "index.sqlite-wal", "lock"] {
            try parent.write("data/\(name)", "")
        }
        let folder = try DataFolder.open(path)
        #expect(folder.isNew)
        folder.abandon()
        #expect(names()?.contains("archive.mdb") == true)
    }

    @Test func refusesAFileAndAPathBelowOne() throws {
        try parent.write("data", "")
        #expect(throws: DataFolderError.notAFolder(path: path)) { try DataFolder.open(path) }
        #expect(throws: DataFolderError.notAFolder(path: path + "/below")) { try DataFolder.open(path + "/below") }
        #expect(throws: DataFolderError.notAFolder(path: path + "/far/below")) {
            try DataFolder.open(path + "/far/below")
        }
    }

    @Test func deletingTheLockLetsNoSecondNodeIn() throws {
        let folder = try DataFolder.open(path)
        try #require(unlink("\(path)/lock") == 0)
        #expect(throws: DataFolderError.locked(path: path, processID: nil)) { try DataFolder.open(path) }
        #expect(folder.mendLock() == .renewed)
        #expect(throws: DataFolderError.locked(path: path, processID: getpid())) { try DataFolder.open(path) }
        folder.close()
        #expect(folder.mendLock() == nil)
        try DataFolder.open(path).close()
    }

    @Test func saysThatAReaderKeepsTheFolder() throws {
        try DataFolder.open(path).close()
        let reader = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(reader) }
        try #require(flock(reader, LOCK_SH | LOCK_NB) == 0)
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open(path) }
        #expect(error == .beingRead(path: path, processIDs: [getpid()]))
        #expect(error.description.contains("being read by another program (pid \(getpid()))"))
        #expect(NodeError(error).canRetry)
    }

    @Test func refusesAFolderThatEverybodyMayWriteTo() throws {
        try makeFolder()
        try #require(chmod(path, 0o777) == 0)
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open(path) }
        #expect(error.description.contains("run: chmod o-w \(path)"))
        #expect(names() == [])
    }

    @Test func refusesAPlantedLinkAndLeavesItsTarget() throws {
        try makeFolder()
        try parent.write("precious", "precious")
        try #require(symlink(parent.file("precious"), "\(path)/lock") == 0)
        #expect(throws: DataFolderError.self) { try DataFolder.open(path) }
        #expect(names() == ["lock"])
        #expect(try OpenFolder(parent.path).contents(of: "precious", bytesMax: 100) == Array("precious".utf8))
    }

    @Test(arguments: ["bristlecone.format", "identity.key", "lock"])
    func doesNotWaitForAFIFO(name: String) throws {
        try makeFolder()
        try #require(mkfifo("\(path)/\(name)", 0o600) == 0)
        #expect(throws: DataFolderError.self) { try DataFolder.open(path) }
    }

    @Test func tellsOfAnIdentityThatChangedMeanwhile() throws {
        let folder = try DataFolder.open(path)
        defer { folder.close() }
        #expect(folder.identityProblem() == nil)
        try #require(unlink("\(path)/identity.key") == 0)
        #expect(folder.identityProblem()?.contains("is gone") == true)
        try parent.write("data/identity.key", PrivateKey.generate().bytes)
        #expect(folder.identityProblem()?.contains("is another key") == true)
        try parent.write("data/identity.key", folder.identity.bytes)
        #expect(folder.identityProblem() == nil)
    }

    /// Not even root can create anything in /proc.
    @Test func refusesAPlaceThatCannotBeWritten() throws {
        let error = try #require(throws: DataFolderError.self) { try DataFolder.open("/proc/bristlecone/data") }
        guard case .notWritable(path: "/proc/bristlecone/data", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func finishesWhatAKilledStartBegan() throws {
        try makeFolder()
        try parent.write("data/lock", "1\n")
        try parent.write("data/identity.key.unfinished", "half")
        try DataFolder.open(path).close()
        #expect(names() == ["bristlecone.format", "bristlecone.yaml", "identity.key", "lock"])
    }

    @Test func abandoningLeavesNothingOfANewFolder() throws {
        try DataFolder.open(path).abandon()
        #expect(names() == nil)
    }

    @Test func abandoningLeavesAFolderThatHasBeenUsed() throws {
        let folder = try DataFolder.open(path)
        try parent.write("data/archive.mdb", "")
        folder.abandon()
        try DataFolder.open(path).close()
        #expect(names() == ["archive.mdb", "bristlecone.format", "bristlecone.yaml", "identity.key", "lock"])
    }

    @Test func takesAFolderWithAConfigurationThatWasEdited() throws {
        try makeFolder()
        for name in ["bristlecone.yaml", "bristlecone.yaml~", ".bristlecone.yaml.swp", "lost+found"] {
            try parent.write("data/" + name, "")
        }
        try DataFolder.open(path).close()
    }

    @Test func abandoningLeavesWhatWasThereBefore() throws {
        try makeFolder()
        try parent.write("data/bristlecone.yaml", "")
        try DataFolder.open(path).abandon()
        #expect(names() == ["bristlecone.yaml"])
        let folder = try DataFolder.open(path)
        folder.close()
        let again = try DataFolder.open(path)
        again.abandon()
        #expect(names()?.contains("identity.key") == true)
    }

    @Test(arguments: [
        DataFolderError.notAFolder(path: "d"), .notWritable(path: "d", reason: "r"), .locked(path: "d", processID: 7),
        .locked(path: "d", processID: nil), .newerFormat(path: "d", format: 9), .unreadableFormat(path: "d/f"),
        .foreignFiles(path: "d", example: "e"), .unreadableKey(path: "d/k", reason: "r"),
        .exposedKey(path: "d/k", permissions: "0644"), .missingKey(path: "d/k"),
        .beingRead(path: "d", processIDs: []), .beingRead(path: "d", processIDs: [1]),
        .beingRead(path: "d", processIDs: [1, 2]), .replaced(path: "d"),
        .notAKey(path: "d/k", looksLike: "it is empty"),
        .foreignKey(path: "d/k", owner: "somebody"),
    ])
    func saysOneSentence(error: DataFolderError) {
        let sentence = error.description
        #expect(sentence.contains("d"))
        #expect(!sentence.contains("\n"))
        #expect(sentence.last == "." || sentence.contains("run: "))
        #expect(!sentence.contains("backup") || !sentence.contains("d/f"), "no backup holds the format")
    }
}
