import Foundation
import GRDB
import IPv8
import Testing

@testable import Archive

@Suite struct ReaderTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("x", version: 3), try Sample.unsigned("y"))
        try archive.store(try Sample.signed("z", version: 4), under: Target(hashing: "other"), for: -10)
        try archive.followToEnd()
        archive.close()
    }

    /// What a check of the folder finds.
    private func findings() throws -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        let reader = try ArchiveReader.open(folder: folder.path)
        let report = try reader.verify(threads: 2, progress: { _ in }, found: { findings.append($0) })
        #expect(report.findings == findings.count)
        return findings
    }

    /// Changes a record of the stopped archive.
    private func change(_ table: ArchiveTable, _ key: [UInt8], _ body: (inout [UInt8]) -> Void) throws {
        let archive = try folder.open()
        var record = try #require(try archive.rawRecord(table, key))
        body(&record)
        try archive.putRaw(table, key, record)
        archive.close()
    }

    @Test func summaryTellsWhatThereIs() throws {
        let summary = try ArchiveReader.open(folder: folder.path).summary(at: .start)
        #expect(summary.values?.all == 3 && summary.values?.keys == 2)
        #expect(summary.values?.signed == 2 && summary.values?.unsigned == 1 && summary.values?.owner == 0)
        #expect(summary.index?.signers == 1 && summary.index?.expired == 1)
        #expect(summary.journal.last == 3 && summary.journal.at == .start)
        #expect(summary.tables.first { $0.name == "entries" }?.records == 3)
        #expect(!summary.isInUse && summary.indexFailure == nil)
        #expect(summary.space.liveBytes > 0 && summary.space.fileBytes >= summary.space.liveBytes)
    }

    @Test func valuesComeWithWhatIsKnownOfThem() throws {
        let values = try ArchiveReader.open(folder: folder.path).values(of: Sample.target)
        #expect(values.map(\.entryClass) == [.signed, .unsigned])
        #expect(values[0].record?.entry == (try Sample.signed("x", version: 3)))
        #expect(values[0].record?.provenance == Sample.received)
        #expect(
            values[0].verification == Verification(algorithm: "curve25519", result: "valid", at: .start, by: "store"))
        #expect(values[1].verification == nil)
    }

    @Test func nothingOfAStoppedArchiveIsChanged() throws {
        let before = try contents()
        let reader = try ArchiveReader.open(folder: folder.path)
        _ = try (reader.summary(at: .start), reader.values(of: Sample.target))
        #expect(try findings().isEmpty)
        #expect(try contents() == before)
    }

    private func contents() throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try folder.bytes("\(folder.path)/\($0)")) })
    }

    @Test func everyFlippedBitOfARecordIsFound() throws {
        let entry = try Sample.signed("x", version: 3)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        let archive = try folder.open()
        let sound = try #require(try archive.rawRecord(.entries, key))
        archive.close()
        for bit in stride(from: 0, to: sound.count * 8, by: 61) {
            try change(.entries, key) {
                $0 = sound; $0[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            #expect(
                try findings() == [
                    VerifyFinding(table: "entries", key: key, fault: "does not match its checksum")
                ], "bit \(bit)")
        }
    }

    @Test func wrongSignatureWithARightChecksumIsFound() throws {
        let archive = try folder.open()
        var bytes = try Sample.signed("forged", version: 9, by: Sample.otherKey).bytes
        bytes[5] ^= 1
        let entry = try Entry(bytes: bytes)
        try archive.store(entry)
        try archive.followToEnd()
        archive.close()
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        #expect(try findings() == [VerifyFinding(table: "entries", key: key, fault: "has a wrong signature")])
    }

    @Test func countsThatAreNotTrueAreFound() throws {
        let archive = try folder.open()
        var encoder = RecordEncoder()
        encoder.encode(CountsRecord())
        _ = try archive.environment.write { (transaction) throws(ArchiveError) in
            try transaction.put(.meta, &encoder)
        }
        archive.close()
        let tables = try findings().map(\.table)
        #expect(
            tables.first == "entries"
                && tables.allSatisfy { table in Budget.allCases.contains { $0.table.name == table } })
    }

    @Test func valuesThatAreCountedWrongAreFound() throws {
        let archive = try folder.open()
        var counts = try #require(
            try archive.environment.read { (transaction) throws(ArchiveError) in try transaction.counts() })
        counts.targets += 1
        var encoder = RecordEncoder()
        encoder.encode(counts)
        _ = try archive.environment.write { (transaction) throws(ArchiveError) in
            try transaction.put(.meta, &encoder)
        }
        archive.close()
        #expect(try findings().map(\.table) == ["meta"])
    }

    @Test func indexThatSaysSomethingElseIsFound() throws {
        try folder.editIndex("UPDATE entries SET expires_at = expires_at + 1 WHERE class = 3")
        #expect(try findings().map(\.fault) == ["is another in the index"])
        try folder.editIndex("DELETE FROM entries WHERE class = 3")
        #expect(try findings().map(\.fault) == ["is not in the index"])
        try folder.editIndex(
            "INSERT INTO entries SELECT zeroblob(20), class, signer, digest, version, byte_count, first_seen, last_stored, "
                + "expires_at, published_here, withdrawn, retained, sender, sender_address, republish_due, key_level, "
                + "scrubbed_at, scrub_started_at FROM entries LIMIT 1")
        #expect(try findings().map(\.fault) == ["is only in the index", "is not in the index"])
    }

    @Test func indexThatIsMissingOrBehindIsNoDamage() throws {
        try folder.removeIndex()
        let reader = try ArchiveReader.open(folder: folder.path)
        let report = try reader.verify(threads: 1, progress: { _ in }, found: { _ in })
        #expect(report.findings == 0 && report.indexNotComparedBecause == "there is none")
    }

    @Test func folderWithoutAnArchiveIsRefused() throws {
        let empty = try Folder()
        #expect(throws: ArchiveError.noArchive(folder: empty.path)) { try ArchiveReader.open(folder: empty.path) }
    }

    @Test func newerFormatIsRefused() throws {
        let archive = try folder.open()
        var identity = IdentityRecord(archiveID: archive.archiveID, created: .start)
        identity.format = 4
        var encoder = RecordEncoder()
        for key in IdentityRecord.keys {
            encoder.encode(identity, under: key)
            _ = try archive.environment.write { (transaction) throws(ArchiveError) in
                try transaction.put(.meta, &encoder)
            }
        }
        archive.close()
        #expect(throws: ArchiveError.newerFormat(path: folder.lmdb, found: 4, supported: 3)) {
            try ArchiveReader.open(folder: folder.path)
        }
    }

    @Test func nodeThatRunsIsSeenAndOneThatDoesNotIsKeptOut() throws {
        let path = folder.path + "/lock"
        try Data().write(to: URL(filePath: path))
        let holder = open(path, O_RDWR)
        defer { close(holder) }
        #expect(flock(holder, LOCK_EX | LOCK_NB) == 0)
        #expect(try ArchiveReader.open(folder: folder.path).isInUse)
        flock(holder, LOCK_UN)
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(!reader.isInUse)
        #expect(flock(holder, LOCK_EX | LOCK_NB) != 0)
        withExtendedLifetime(reader) {}
    }
}

extension Folder {
    /// Changes the index of a stopped archive.
    fileprivate func editIndex(_ text: String) throws {
        let queue = try DatabaseQueue(path: index)
        try queue.write { database in try database.execute(sql: text) }
        try queue.close()
    }

    @Test func impossibleTimesHaveTheirOrderToo() throws {
        func value(_ text: String, _ firstSeen: Instant) throws -> ArchivedValue {
            let entry = try Sample.unsigned(text)
            let record = ArchivedRecord(
                entry: entry, firstSeen: firstSeen, lastStored: firstSeen, expiresAt: firstSeen,
                provenance: Sample.received)
            return ArchivedValue(EntryKey(target: Sample.target, entry: entry), record)
        }
        let (first, last) = (try value("a", .distantPast), try value("b", .start))
        #expect(ArchivedValue.isServedFirst(last, first) && !ArchivedValue.isServedFirst(first, last))
    }
}
