import IPv8
import Testing

@testable import Archive

@Suite struct DamageTests {
    /// Every bit of an entry's record, flipped on its own.
    @Test func everyFlippedBitOfARecordIsDetectedAndHidesNoNeighbour() throws {
        let archive = try Folder().openKept()
        let (entry, neighbour) = (try Sample.signed("x", version: 3), try Sample.unsigned("neighbour"))
        try archive.store(entry, neighbour)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        let record = try #require(try archive.rawRecord(.entries, key))
        for bit in 0..<record.count * 8 {
            var damaged = record
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try archive.putRaw(.entries, key, damaged)
            #expect(try archive.served() == [neighbour.bytes], "bit \(bit)")
            #expect(try archive.records(of: Sample.target).map(\.entry) == [neighbour], "bit \(bit)")
        }
        #expect(archive.damagedRecords == [DamagedRecord(table: "entries", key: key)])
        #expect(try archive.statistics().damagedRecords == 1)
        try archive.putRaw(.entries, key, record)
        #expect(try archive.served() == [entry.bytes, neighbour.bytes])
    }

    @Test func everyLengthOfACutRecordIsDetected() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        let record = try #require(try archive.rawRecord(.entries, key))
        for count in 0..<record.count {
            try archive.putRaw(.entries, key, Array(record[..<count]))
            #expect(try archive.served().isEmpty, "\(count) bytes")
        }
        try archive.putRaw(.entries, key, record + [0])
        #expect(try archive.served().isEmpty)
    }

    @Test func recordUnderAnotherKeyIsDamaged() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry)
        let record = try #require(try archive.rawRecord(.entries, EntryKey(target: Sample.target, entry: entry).bytes))
        let elsewhere = Target(hashing: "elsewhere")
        try archive.putRaw(.entries, EntryKey(target: elsewhere, entry: entry).bytes, record)
        #expect(try archive.served(elsewhere).isEmpty)
    }

    /// Some of every kind of record.
    private func fill(_ archive: Archive) throws {
        try archive.store(try Sample.signed("x", version: 1), for: 1)
        try archive.store(try Sample.signed("y", version: 1, by: Sample.otherKey), at: .start + 10)
        try archive.store(try Sample.unsigned("z"), for: 1)
        let elsewhere = Target(hashing: "elsewhere")
        for version: UInt32 in [1, 2] { try archive.store(try Sample.signed("x", version: version), under: elsewhere) }
        try archive.store(try Sample.signed("w", version: 2), under: elsewhere)
        try archive.store(try Sample.unsigned("mine"), under: elsewhere, from: .publishedHere)
        _ = try archive.commit(
            [
                .tokenSecrets([TokenSecret(bytes: [1, 2, 3, 4], drawnAt: .start)]), .pin(.key(elsewhere)),
                .block(.key(Target(hashing: "barred"))),
            ], at: .start)
        try archive.sweepRound(at: .start + 4000)
        let many = try (0...OrderRule.valuesMax).map { try Sample.unsigned("\($0)") }
        try archive.store(many, under: Target(hashing: "many"), at: .start + 4000)
    }

    @Test(arguments: Table.allCases.filter { $0 != .entries && $0 != .quarantine })
    func everyFlippedBitOfOtherRecordsIsDetected(_ table: Table) throws {
        var options = ArchiveOptions.small
        options.signedPerTargetMax = 1
        options.retention.signed = .zero
        let archive = try Folder().openKept(options)
        try fill(archive)
        let found = try archive.environment.read { (transaction) throws(ArchiveError) in
            var cursor = try transaction.cursor(table)
            return try cursor.first() ? (Array(cursor.key), Array(cursor.value)) : nil
        }
        let (key, record) = try #require(found)
        let isSound = { (value: [UInt8]) in
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { RecordChecksum.body(of: $0, key: key, table: table) != nil }
            }
        }
        #expect(isSound(record))
        for bit in 0..<record.count * 8 {
            var damaged = record
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!isSound(damaged), "bit \(bit)")
        }
    }

    @Test func goodCopyTakesThePlaceOfADamagedRecordWhichIsKeptInQuarantine() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.signed("x", version: 3)
        try archive.store(entry)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        var record = try #require(try archive.rawRecord(.entries, key))
        record[30] ^= 4
        try archive.putRaw(.entries, key, record)
        #expect(try archive.store(try Sample.signed("old", version: 2)) == [.superseded])
        #expect(try archive.store(entry) == [.stored])
        #expect(try archive.served() == [entry.bytes])
        #expect(try archive.rawRecord(.quarantine, [Table.entries.rawValue] + key) == record)
        #expect(try archive.statistics().values == 1)
    }

    @Test func damagedFloorAndSecretAreLeftOutAndReported() throws {
        let archive = try Folder().openKept()
        _ = try archive.commit([.tokenSecrets([TokenSecret(bytes: [1, 2, 3, 4], drawnAt: .start)])], at: .start)
        var secret = try #require(try archive.rawRecord(.secrets, [1, 0]))
        secret[10] ^= 1
        try archive.putRaw(.secrets, [1, 0], secret)
        #expect(try archive.tokenSecrets().isEmpty)
        #expect(archive.damagedRecords == [DamagedRecord(table: "secrets", key: [1, 0])])
    }

    @Test func oneDamagedCopyOfTheIdentityIsMended() throws {
        for name in IdentityRecord.keys {
            let folder = try Folder()
            let archive = try folder.open()
            let sound = try #require(try archive.rawRecord(.meta, Array(name.utf8)))
            var damaged = sound
            damaged[0] ^= 0x80
            try archive.putRaw(.meta, Array(name.utf8), damaged)
            archive.close()
            let reopened = try folder.open()
            #expect(reopened.archiveID == archive.archiveID)
            #expect(try reopened.rawRecord(.meta, Array(name.utf8)) == sound)
            #expect(reopened.damagedRecords == [DamagedRecord(table: "meta", key: Array(name.utf8))])
        }
    }

    @Test func damagedCountsAreCountedAnew() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("a"), try Sample.unsigned("b"))
        try archive.store(try Sample.signed("c", version: 1), under: Target(hashing: "another"))
        let counts = try #require(try archive.rawRecord(.meta, Array("counts".utf8)))
        try archive.putRaw(.meta, Array("counts".utf8), [])
        archive.close()
        var progress: [ArchiveProgress] = []
        let reopened = try folder.open { progress.append($0) }
        #expect(progress == [.counting(entries: 3)])
        #expect(try reopened.rawRecord(.meta, Array("counts".utf8)) == counts)
    }

    @Test func damagedJournalEndsInARebuildOfTheIndex() throws {
        let archive = try Folder().openKept()
        for number in 0..<10 { try archive.store(try Sample.unsigned("\(number)")) }
        var key = [UInt8](repeating: 0, count: 8)
        key[7] = 5
        var record = try #require(try archive.rawRecord(.journal, key))
        record[12] ^= 1
        try archive.putRaw(.journal, key, record)
        let results = try archive.followToEnd()
        #expect(results.compactMap(\.rebuildReason) == ["the journal is damaged"])
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try archive.statistics().indexLast == 10)
    }
}
