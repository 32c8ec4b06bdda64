import Archive
import Foundation
import Glibc
import IPv8
import Logging
import Platform
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Bristlecone

@Suite struct BackupTests {
    private let folder: TemporaryFolder
    private let data: String
    private let backup: String

    /// A data folder with a few values, and a backup of it.
    init() async throws {
        folder = try TemporaryFolder()
        data = folder.file("data")
        backup = folder.file("backup")
        let node = try await BackupTests.start(data)
        for number in 0..<5 {
            _ = try await node.storeValue(key: Target(hashing: "\(number)"), data: [UInt8(number)], signed: true)
        }
        await node.shutdown()
        _ = try Backup.ofStoppedNode(dataFolder: data, to: backup)
    }

    private static func start(
        _ data: String, _ change: (inout NodeSettings) -> Void = { _ in }
    ) async throws -> BristleconeNode {
        var settings = NodeSettings()
        settings.dataFolder = data
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        settings.diskReserve = ByteSize(bytes: 0)
        change(&settings)
        return try await BristleconeNode.start(
            settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func contents(_ path: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        return try Dictionary(
            uniqueKeysWithValues: names.filter { !$0.hasSuffix("lock") }.map {
                ($0, try Data(contentsOf: URL(filePath: "\(path)/\($0)")))
            })
    }

    @Test func backupOfARunningNodeHoldsWhatItAcknowledged() async throws {
        let node = try await BackupTests.start(data)
        _ = try await node.storeValue(key: Target(hashing: "late"), data: [9], signed: false)
        let report = try await node.backUp(to: folder.file("running"))
        #expect(report.values == 6 && report.journalLast == 12 && report.indexIsMissingBecause == nil)
        let identity = await node.status().publicKey
        await node.shutdown()

        let restored = try Backup.restore(folder.file("running"), to: folder.file("restored"))
        #expect(restored.journalLast == 12 && restored.movedAside == nil)
        let again = try await BackupTests.start(folder.file("restored"))
        #expect(await again.status().publicKey == identity)
        #expect(try await again.localValues(key: Target(hashing: "late")).values == [FoundValue(data: [9])])
        await again.shutdown()
    }

    @Test func everythingInABackupIsItsOwnersAlone() throws {
        #expect(TemporaryFolder.permissions(of: backup) == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: backup).sorted()
        #expect(
            names == [
                "archive.mdb", "bristlecone.yaml", "identity.key", "index.sqlite", "manifest.json", "manifest.sha256",
            ])
        for name in names { #expect(TemporaryFolder.permissions(of: "\(backup)/\(name)") == 0o600, "\(name)") }
    }

    @Test func backupNeverTakesThePlaceOfAnything() throws {
        let before = try contents(backup)
        #expect(throws: BackupError.alreadyThere(path: backup)) {
            try Backup.ofStoppedNode(dataFolder: data, to: backup + "/")
        }
        #expect(try contents(backup) == before)
    }

    /// Holds the lock of a folder that another run is filling.
    private func holding(_ path: String, _ body: () throws -> Void) throws {
        let file = open(path, O_RDONLY | O_DIRECTORY)
        defer { close(file) }
        #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
        try body()
    }

    @Test func backupThatIsBeingWrittenIsNotTakenForOneAndNotWrittenOver() throws {
        let place = folder.file("other")
        let unfinished = place + ".unfinished"
        try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: false)
        try folder.write("other.unfinished/archive.mdb", "half")
        try holding(unfinished) {
            #expect(throws: BackupError.unfinished(path: unfinished)) {
                try Backup.ofStoppedNode(dataFolder: data, to: place)
            }
        }
        #expect(throws: BackupError.notABackup(path: unfinished)) { try Backup.restore(unfinished, to: data) }
        #expect(try contents(unfinished) == ["archive.mdb": Data("half".utf8)])
    }

    @Test func whatAKilledBackupLeftIsClearedAwayByTheNext() throws {
        let place = folder.file("other")
        try FileManager.default.createDirectory(atPath: place + ".unfinished", withIntermediateDirectories: false)
        for name in ["archive.mdb", "index.sqlite-wal", ".identity.key.1234.unfinished", "manifest.sha256"] {
            try folder.write("other.unfinished/\(name)", "half")
        }
        _ = try Backup.ofStoppedNode(dataFolder: data, to: place)
        #expect(try Backup.restore(place, to: folder.file("restored")).values == 5)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "backup", "data", "other", "restored",
            ])
    }

    @Test func foreignFilesInTheWayOfABackupStay() throws {
        let place = folder.file("other")
        let unfinished = place + ".unfinished"
        try FileManager.default.createDirectory(atPath: unfinished, withIntermediateDirectories: false)
        try folder.write("other.unfinished/note.txt", "somebody's")
        #expect(throws: BackupError.inTheWay(path: unfinished, reason: "it holds \"note.txt\"")) {
            try Backup.ofStoppedNode(dataFolder: data, to: place)
        }
        #expect(try contents(unfinished).keys.sorted() == ["note.txt"])
        try FileManager.default.removeItem(atPath: unfinished)
        try FileManager.default.createSymbolicLink(atPath: unfinished, withDestinationPath: backup)
        #expect(throws: BackupError.inTheWay(path: unfinished, reason: "it is no folder")) {
            try Backup.ofStoppedNode(dataFolder: data, to: place)
        }
        #expect(try Backup.restore(backup, to: data).values == 5)
    }

    @Test func nothingIsMadeWithinADataFolderOrABackup() throws {
        let before = try [data, backup].map { try contents($0).keys.sorted() }
        for (kept, place) in [(data, data + "/new"), (backup, backup + "/new"), (data, data + "/a/b")] {
            #expect(throws: BackupError.insideKeptFolder(path: place, kept: kept)) {
                try Backup.ofStoppedNode(dataFolder: data, to: place)
            }
            #expect(throws: BackupError.insideKeptFolder(path: place, kept: kept)) {
                try Backup.restore(backup, to: place)
            }
        }
        #expect(try [data, backup].map { try contents($0).keys.sorted() } == before)
    }

    @Test func newerDataFolderIsNeitherBackedUpNorReplaced() throws {
        try folder.write("data/bristlecone.format", "2\n")
        let before = try contents(data)
        let refusals = [
            #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) },
            #expect(throws: BackupError.self) { try Backup.ofStoppedNode(dataFolder: data, to: folder.file("other")) },
        ]
        for refusal in refusals {
            #expect(refusal?.description.contains("newer") == true && refusal?.description.contains("format 2") == true)
        }
        #expect(try contents(data) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["backup", "data"])
    }

    @Test func folderWithoutDataIsNotBackedUpAndNotMadeOne() throws {
        let nothing = folder.file("nothing")
        #expect(throws: BackupError.noData(folder: nothing)) {
            try Backup.ofStoppedNode(dataFolder: nothing, to: folder.file("b"))
        }
        #expect(TemporaryFolder.permissions(of: nothing) == nil)
    }

    @Test func failedBackupLeavesNothingBehind() throws {
        #expect(throws: BackupError.self) { try Backup.ofStoppedNode(dataFolder: data, to: folder.file("no/such")) }
        try FileManager.default.removeItem(atPath: "\(data)/identity.key")
        #expect(throws: BackupError.self) { try Backup.ofStoppedNode(dataFolder: data, to: folder.file("b")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["backup", "data"])
    }

    /// A bit in every file, and in every part of the manifest.
    @Test func everyFlippedBitIsRefusedAndReplacesNothing() throws {
        let before = try contents(data)
        // The index can be made anew.
        for name in try FileManager.default.contentsOfDirectory(atPath: backup) where name != "index.sqlite" {
            let url = URL(filePath: "\(backup)/\(name)")
            let sound = try Data(contentsOf: url)
            for offset in stride(from: 0, to: sound.count, by: max(1, sound.count / 40)) {
                var damaged = sound
                damaged[offset] ^= 1 << UInt8(offset % 8)
                try damaged.write(to: url)
                let error = #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) }
                let named = name == "manifest.sha256" ? "manifest.json" : name
                #expect(error?.description.contains("/\(named)") == true, "\(name) at \(offset): \(error)")
                let checked = #expect(throws: BackupError.self) { try Backup.check(backup) }
                #expect(checked == error)
            }
            try sound.write(to: url)
        }
        #expect(try contents(data) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["backup", "data"])
        #expect(try Backup.restore(backup, to: data).values == 5)
    }

    @Test func missingAndCutFilesAreRefusedByName() throws {
        for name in ["archive.mdb", "identity.key", "bristlecone.yaml", "manifest.sha256"] {
            let path = "\(backup)/\(name)"
            let sound = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: BackupError.missingFile(path: path)) { try Backup.restore(backup, to: data) }
            #expect(throws: BackupError.missingFile(path: path)) { try Backup.check(backup) }
            guard name != "manifest.sha256" else { continue }
            try sound.dropLast().write(to: URL(filePath: path))
            let error = #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) }
            #expect(error?.description.contains(path) == true)
            let checked = #expect(throws: BackupError.self) { try Backup.check(backup) }
            #expect(checked == error)
            try sound.write(to: URL(filePath: path))
        }
    }

    @Test(arguments: [("bytes", Int.max), ("data_folder_format", -1)])
    func manifestThatCannotBeIsRefused(member: String, number: Int) throws {
        let path = "\(backup)/manifest.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let name = "\"\(member)\":"
        try #require(text.contains(name))
        let changed = Array(text.replacing(name, with: "\(name)\(number),\"was\":", maxReplacements: 1).utf8)
        try Data(changed).write(to: URL(filePath: path))
        try Data(BackupManifest.digestText(of: changed)).write(to: URL(filePath: "\(backup)/manifest.sha256"))
        #expect(throws: BackupError.damagedManifest(path: path)) { try Backup.check(backup) }
        #expect(throws: BackupError.damagedManifest(path: path)) { try Backup.restore(backup, to: data) }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["archive.mdb", "bristlecone.yaml"])
    func pipeInPlaceOfAFileIsRefused(name: String) throws {
        let path = "\(backup)/\(name)"
        try FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(throws: BackupError.self) { try Backup.check(backup) }
        #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) }
    }

    @Test func somebodysFilesAreNeitherDeletedNorMoved() throws {
        let files = [("other.unfinished", "my-identity.key-passphrase.txt"), ("data.restoring", "blocklist.txt")]
        for (place, name) in files {
            try FileManager.default.createDirectory(atPath: folder.file(place), withIntermediateDirectories: false)
            try folder.write("\(place)/\(name)", "mine")
        }
        #expect(throws: BackupError.self) { try Backup.ofStoppedNode(dataFolder: data, to: folder.file("other")) }
        #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) }
        #expect(try contents(folder.file("other.unfinished")).count == 1)
        #expect(try contents(folder.file("data.restoring")).count == 1)
    }

    @Test func nameOfAnIncompleteBackupIsRefused() throws {
        let place = folder.file("x.unfinished")
        #expect(throws: BackupError.reservedName(path: place)) {
            try Backup.ofStoppedNode(dataFolder: data, to: place)
        }
    }

    @Test func whatAKilledCompactLeftGoesWhenTheNodeStarts() async throws {
        for name in ["archive.mdb.compacting", "archive.mdb.compacted"] {
            try folder.write("data/\(name)", "forgotten")
        }
        let node = try await BackupTests.start(data)
        await node.shutdown()
        #expect(try !FileManager.default.contentsOfDirectory(atPath: data).contains { $0.contains("compact") })
    }

    @Test func newerBackupIsRefused() throws {
        let text = Array(#"{"format":3}"#.utf8)
        try Data(text).write(to: URL(filePath: "\(backup)/manifest.json"))
        try Data(BackupManifest.digestText(of: text)).write(to: URL(filePath: "\(backup)/manifest.sha256"))
        #expect(throws: BackupError.newerFormat(path: backup, format: 3)) { try Backup.restore(backup, to: data) }
    }

    @Test func restoreMovesAsideWhatIsThereAndTellsWhatIsUndone() async throws {
        let node = try await BackupTests.start(data)
        _ = try await node.storeValue(key: Target(hashing: "later"), data: [9], signed: true)
        await node.shutdown()
        let report = try Backup.restore(backup, to: data)
        #expect(report.changesUndone == 2 && report.journalLast == 10 && report.journalLastBefore == 12)
        let aside = try #require(report.movedAside)
        let old = try await BackupTests.start(aside)
        #expect(try await old.localValues(key: Target(hashing: "later")).values.count == 1)
        await old.shutdown()
        let new = try await BackupTests.start(data)
        #expect(try await new.localValues(key: Target(hashing: "later")).values.isEmpty)
        #expect(try await new.localValues(key: Target(hashing: "4")).values.count == 1)
        await new.shutdown()
    }

    /// A node that is started where there is none begins anew, as somebody else.
    @Test func thereIsADataFolderAtEveryMomentOfARestore() throws {
        let watch = Watch(over: data)
        Thread.detachNewThread { watch.look() }
        for _ in 0..<5 { _ = try Backup.restore(backup, to: data) }
        watch.isOver.store(true, ordering: .relaxed)
        #expect(watch.looks.load(ordering: .relaxed) > 100 && watch.absences.load(ordering: .relaxed) == 0)
    }

    /// Looks again and again whether something is there.
    private final class Watch: Sendable {
        let path: String
        let isOver = Atomic(false)
        let looks = Atomic(0)
        let absences = Atomic(0)

        init(over path: String) { self.path = path }

        func look() {
            while !isOver.load(ordering: .relaxed) {
                if access(path, F_OK) != 0 { absences.add(1, ordering: .relaxed) }
                looks.add(1, ordering: .relaxed)
            }
        }
    }

    @Test func aLinkLeadsToWhatWasRestored() throws {
        let link = folder.file("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: data)
        let report = try Backup.restore(backup, to: link)
        #expect(report.dataFolder == data && report.movedAside?.hasPrefix(data + ".before-restore-") == true)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == data)
        #expect(try ArchiveReader.open(folder: link).journal().last == 10)
    }

    @Test func restoreThatIsUnderWayIsNotDisturbed() throws {
        let left = data + ".restoring"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
        try holding(left) {
            #expect(throws: BackupError.unfinishedRestore(path: left)) { try Backup.restore(backup, to: data) }
        }
        #expect(FileManager.default.fileExists(atPath: left))
    }

    /// A kill while files are copied leaves a part of the backup; one right after the exchange leaves the data of before.
    @Test(arguments: [true, false])
    func whatAKilledRestoreLeftIsClearedAwayOrKept(isPartOfTheBackup: Bool) throws {
        let left = data + ".restoring"
        if isPartOfTheBackup {
            try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
            for name in ["restore.unfinished", "archive.mdb", "index.sqlite-wal"] {
                try folder.write("data.restoring/\(name)", "half")
            }
        } else {
            try FileManager.default.copyItem(atPath: data, toPath: left)
        }
        let before = isPartOfTheBackup ? [:] : try contents(left)
        let aside = try #require(try Backup.restore(backup, to: data).movedAside)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let kept = names.filter { $0.hasPrefix("data.before-restore-") && !aside.hasSuffix($0) }
        #expect(kept.count == (isPartOfTheBackup ? 0 : 1) && !names.contains("data.restoring"))
        for name in kept { #expect(try contents(folder.file(name)) == before) }
        #expect(try !FileManager.default.contentsOfDirectory(atPath: data).contains("restore.unfinished"))
    }

    @Test func restoreIsRefusedWhereANodeRunsOrSomethingElseIs() async throws {
        let node = try await BackupTests.start(data)
        #expect(throws: BackupError.self) { try Backup.restore(backup, to: data) }
        await node.shutdown()
        try folder.write("note.txt", "not a node's")
        #expect(throws: BackupError.foreignFolder(path: folder.path, example: "backup")) {
            try Backup.restore(backup, to: folder.path)
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["backup", "data", "note.txt"])
    }

    @Test func indexThatIsNotOfTheArchiveComesRight() async throws {
        let restored = folder.file("restored")
        _ = try Backup.restore(backup, to: restored)
        try FileManager.default.removeItem(atPath: "\(restored)/index.sqlite")
        let node = try await BackupTests.start(restored)
        await node.shutdown()
        let again = try await BackupTests.start(restored)
        let status = await again.status().archive
        #expect(status.values == 5 && status.indexLast == status.journalLast)
        await again.shutdown()
    }

    @Test func archiveThatIsGoneIsNotBackedUpAsAnEmptyOne() throws {
        try FileManager.default.removeItem(atPath: "\(data)/archive.mdb")
        #expect(throws: BackupError.noArchive(folder: data)) {
            try Backup.ofStoppedNode(dataFolder: data, to: folder.file("other"))
        }
        #expect(!FileManager.default.fileExists(atPath: "\(data)/archive.mdb"))
    }

    @Test func indexOfOtherUpkeepSettingsIsNotMadeAnew() async throws {
        let upkeep = TimeSpan(seconds: 1800)
        let node = try await BackupTests.start(data) { $0.upkeep.interval = upkeep }
        await node.shutdown()
        _ = try Backup.ofStoppedNode(dataFolder: data, to: folder.file("other"))
        _ = try Backup.restore(folder.file("other"), to: folder.file("restored"))
        for place in [data, folder.file("other"), folder.file("restored")] {
            #expect(ArchiveOptions(fittingIndexIn: place).republishing.interval == .seconds(1800), "\(place)")
        }
    }

    @Test func placeWhereADiskIsMountedIsSaidToBeSo() {
        #expect(FolderPath("/proc").isMountPoint)
        #expect(!FolderPath(data).isMountPoint && !FolderPath(folder.file("nothing")).isMountPoint)
        #expect(throws: BackupError.mountPoint(path: "/proc")) { try Backup.restore(backup, to: "/proc") }
    }
}
