import Archive
import Console
import Foundation
import Glibc
import IPv8
import Platform
import SystemPackage
import TestSupport
import Testing

@testable import Bristlecone

/// Checks, retention, backups without the private key, and what restores leave behind.
@Suite struct BackupCheckTests {
    private let folder: TemporaryFolder
    private let data: String
    private let backup: String

    init() async throws {
        folder = try TemporaryFolder()
        data = folder.file("data")
        backup = folder.file("backup")
        try await BackupCheckTests.withNode(data) { node in
            for number in 0..<5 {
                _ = try await node.storeValue(key: Target(hashing: "\(number)"), data: [UInt8(number)], signed: true)
            }
        }
        _ = try Backup.ofStoppedNode(dataFolder: data, to: backup)
    }

    private static func withNode(_ data: String, _ body: (BristleconeNode) async throws -> Void) async throws {
        var settings = NodeSettings()
        settings.dataFolder = data
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        settings.diskReserve = ByteSize(bytes: 0)
        let node = try await BristleconeNode.start(settings)
        try await body(node)
        await node.shutdown()
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test func aCheckChangesNothingAndSaysWhatIsThere() throws {
        let before = try names(folder.path) + names(backup) + names(data)
        let report = try Backup.check(backup)
        #expect(report.values == 5 && report.journalLast == 10 && report.hasIdentity)
        #expect(report.indexIsMissingBecause == nil && report.dataFolder == nil)
        #expect(try Backup.check(backup, restoringTo: data).dataFolder == data)
        #expect(try Backup.check(backup, restoringTo: folder.file("new")).values == 5)
        let after = try names(folder.path) + names(backup) + names(data)
        #expect(after == before)
    }

    @Test func aCheckOfTheRestoreRefusesWhatTheRestoreWould() async throws {
        let place = backup + "/inside"
        #expect(throws: BackupError.insideKeptFolder(path: place, kept: backup)) {
            try Backup.check(backup, restoringTo: place)
        }
        #expect(throws: BackupError.mountPoint(path: "/proc")) { try Backup.check(backup, restoringTo: "/proc") }
        try await BackupCheckTests.withNode(data) { _ in
            #expect(throws: BackupError.self) { try Backup.check(backup, restoringTo: data) }
        }
        #expect(throws: BackupError.notABackup(path: data)) { try Backup.check(data) }
    }

    /// The manifest is whole, and what it lists is not an archive.
    @Test func aCheckOpensTheArchive() throws {
        let path = "\(backup)/archive.mdb"
        var bytes = try Data(contentsOf: URL(filePath: path))
        for offset in 4096 * 2..<bytes.count { bytes[offset] = 0xA5 }
        try bytes.write(to: URL(filePath: path))
        let sound = try BackupReader(backup).manifest
        let digest = try FileDigest(of: OpenFile(path, flags: O_RDONLY))
        var manifest = sound
        manifest.files = sound.files.map { file in
            file.name == "archive.mdb" ? .init(name: file.name, bytes: digest.bytes, sha256: digest.sha256) : file
        }
        let text = try JSONText.bytes(manifest)
        try Data(text).write(to: URL(filePath: "\(backup)/manifest.json"))
        try Data(BackupManifest.digestText(of: text)).write(to: URL(filePath: "\(backup)/manifest.sha256"))
        #expect(throws: BackupError.self) { try Backup.check(backup) }
    }

    @Test(arguments: ["missing", "cut", "flipped"])
    func aDamagedIndexIsMadeAnew(fault: String) async throws {
        let path = "\(backup)/index.sqlite"
        var bytes = try Data(contentsOf: URL(filePath: path))
        switch fault {
        case "missing": try FileManager.default.removeItem(atPath: path)
        case "cut": try bytes.dropLast(100).write(to: URL(filePath: path))
        default:
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: path))
        }
        #expect(try Backup.check(backup).indexIsMissingBecause != nil)
        let report = try Backup.restore(backup, to: folder.file("restored"))
        #expect(report.indexIsMissingBecause != nil && report.values == 5)
        try await BackupCheckTests.withNode(folder.file("restored")) { node async throws in
            #expect(try await node.localValues(key: Target(hashing: "4")).values.count == 1)
        }
        let reader = try ArchiveReader.open(folder: folder.file("restored"))
        #expect(try reader.summary(at: .distantPast).values?.all == 5)
    }

    @Test func aBackupWithoutThePrivateKeyTakesThatOfTheDataFolderOrOfAFile() async throws {
        let place = folder.file("keyless")
        #expect(try !Backup.ofStoppedNode(dataFolder: data, to: place, withIdentity: false).hasIdentity)
        #expect(try !names(place).contains("identity.key"))
        #expect(try BackupReader(place).manifest.format == 2)
        let key = try Data(contentsOf: URL(filePath: "\(data)/identity.key"))
        #expect(try Backup.restore(place, to: data).values == 5)
        #expect(try Data(contentsOf: URL(filePath: "\(data)/identity.key")) == key)
        let other = folder.file("other")
        #expect(throws: BackupError.noIdentity(path: place)) { try Backup.restore(place, to: other) }
        #expect(throws: BackupError.noIdentity(path: place)) { try Backup.check(place, restoringTo: other) }
        _ = try Backup.restore(place, to: other, identity: "\(data)/identity.key")
        #expect(try Data(contentsOf: URL(filePath: "\(other)/identity.key")) == key)
        #expect(TemporaryFolder.permissions(of: "\(other)/identity.key") == 0o600)
        #expect(throws: BackupError.identityNotWanted(path: backup)) {
            try Backup.restore(backup, to: other, identity: "\(data)/identity.key")
        }
        #expect(throws: BackupError.self) { try Backup.restore(place, to: other, identity: "\(data)/bristlecone.yaml") }
    }

    /// As root restores the folder of a service, which belongs to the service's user.
    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func keyOfTheFoldersOwnerIsUsedWhereTheBackupHasNone() throws {
        let place = folder.file("keyless")
        _ = try Backup.ofStoppedNode(dataFolder: data, to: place, withIdentity: false)
        let key = try Data(contentsOf: URL(filePath: "\(data)/identity.key"))
        for path in [data] + (try names(data).map { "\(data)/\($0)" }) { try #require(chown(path, 4711, 4711) == 0) }
        _ = try Backup.restore(place, to: data)
        #expect(try Data(contentsOf: URL(filePath: "\(data)/identity.key")) == key)
        try #require(chown("\(data)/identity.key", 4712, 4712) == 0)
        let error = try #require(throws: BackupError.self) { try Backup.restore(place, to: data) }
        #expect(error.description.contains("belongs to the user"))
    }

    @Test func restoredFilesBelongToTheOwnerOfTheOldOnes() throws {
        guard geteuid() == 0 else { return }
        try #require(chown(data, 4711, 4712) == 0 && chmod(data, 0o750) == 0)
        _ = try Backup.restore(backup, to: data)
        for path in [data] + (try names(data).map { "\(data)/\($0)" }) {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(
                attributes[.ownerAccountID] as? Int == 4711 && attributes[.groupOwnerAccountID] as? Int == 4712,
                "\(path)")
        }
        #expect(TemporaryFolder.permissions(of: data) == 0o750)
        #expect(TemporaryFolder.permissions(of: "\(data)/identity.key") == 0o600)
    }

    @Test func oldDataIsListedAndDeleted() throws {
        #expect(try Backup.oldData(of: data).isEmpty)
        let aside = try [Backup.restore(backup, to: data), Backup.restore(backup, to: data)].compactMap(\.movedAside)
        let found = try Backup.oldData(of: data)
        #expect(Set(found.map(\.folder)) == Set(aside) && found.allSatisfy { $0.bytes > 0 })
        try Data().write(to: URL(filePath: "\(aside[0])/note.txt"))
        #expect(throws: BackupError.notDeleted(path: aside[0], reason: "it holds \"note.txt\"")) {
            for old in found where old.folder == aside[0] { try Backup.delete(old) }
        }
        for old in found where old.folder == aside[1] { try Backup.delete(old) }
        #expect(try Backup.oldData(of: data).map(\.folder) == [aside[0]])
        #expect(try names(aside[0]).contains("archive.mdb"))
    }

    @Test func retentionIsReadAndWrongOnesAreNot() {
        #expect(BackupRetention("daily=7,weekly=5,monthly=12")?.weekly == 5)
        #expect(BackupRetention("monthly=1")?.daily == 0)
        for text in ["", "7", "daily", "daily=", "daily=-1", "daily=x", "hourly=1", "daily=0", "daily=1,", "daily=1 "] {
            #expect(BackupRetention(text) == nil, "\(text)")
        }
    }

    @Test func theLastOfEachPeriodIsKept() throws {
        func moments(_ texts: [String]) throws -> [Instant] { try texts.map { try #require(Instant(rfc3339: $0)) } }
        let days = try moments([
            "2026-01-31T03:00:00Z", "2026-02-01T03:00:00Z", "2026-02-02T03:00:00Z", "2026-02-02T15:00:00Z",
            "2026-02-03T03:00:00Z",
        ])
        var retention = try #require(BackupRetention("daily=2"))
        #expect(retention.kept(of: days) == [3, 4])
        // The first of February 2026 is a Sunday, so a week ends with it.
        retention = try #require(BackupRetention("weekly=2"))
        #expect(retention.kept(of: days) == [1, 4])
        retention = try #require(BackupRetention("monthly=12"))
        #expect(retention.kept(of: days) == [0, 4])
        retention = try #require(BackupRetention("daily=1,monthly=2"))
        #expect(retention.kept(of: days) == [0, 4])
        #expect(retention.kept(of: []).isEmpty)
    }

    @Test func onlyCompleteBackupsOfTheSameArchiveAreDeleted() async throws {
        let place = folder.file("backups")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let other = folder.file("else")
        try await BackupCheckTests.withNode(other) { _ in }
        _ = try Backup.ofStoppedNode(dataFolder: other, to: "\(place)/foreign")
        for name in ["a", "b", "with-note", "damaged", "d"] {
            _ = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/\(name)")
        }
        try Data().write(to: URL(filePath: "\(place)/with-note/note.txt"))
        try Data("x".utf8).write(to: URL(filePath: "\(place)/damaged/manifest.json"))
        try FileManager.default.createDirectory(atPath: "\(place)/e.unfinished", withIntermediateDirectories: false)
        let newest = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/new")
        let retention = try #require(BackupRetention("daily=1"))
        let pruned = try Backup.prune(beside: newest, keeping: retention)
        #expect(Set(pruned.kept) == ["with-note", "new"] && pruned.deleted == ["a", "b", "d"])
        #expect(try names(place) == ["damaged", "e.unfinished", "foreign", "new", "with-note"])
    }

    @Test func theNewOneStaysEvenIfTheClockWasWrong() throws {
        let place = folder.file("backups")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let early = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/early")
        _ = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/late")
        // As if the clock had been behind when the last backup was made.
        let retention = try #require(BackupRetention("daily=1"))
        #expect(
            try Backup.prune(beside: early, keeping: retention) == PrunedBackups(kept: ["early", "late"], deleted: []))
    }

    @Test func aKilledDeletionIsFinished() throws {
        let place = folder.file("backups")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        _ = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/old")
        try FileManager.default.moveItem(atPath: "\(place)/old", toPath: "\(place)/old.deleted")
        try FileManager.default.removeItem(atPath: "\(place)/old.deleted/archive.mdb")
        let newest = try Backup.ofStoppedNode(dataFolder: data, to: "\(place)/new")
        _ = try Backup.prune(beside: newest, keeping: try #require(BackupRetention("daily=1")))
        #expect(try names(place) == ["new"])
    }
}
