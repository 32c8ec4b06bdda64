import IPv8
import Testing

@testable import Archive

@Suite struct ScrubTests {
    private let verifier = SignatureVerifier()

    /// A whole run, in steps of so many records.
    private func scrub(_ archive: Archive, limit: Int = 3, at now: Instant = .start) throws -> ScrubState {
        var state = ScrubState()
        state.begin("a run", at: now)
        while state.run != nil {
            let step = try archive.scrub(from: state.cursor, limit: limit, at: now, begunAt: .start, verifier)
            #expect(step.checked <= limit)
            state.take(step, at: now)
        }
        return state
    }

    /// Flips a bit of a record.
    private func damage(_ archive: Archive, _ key: [UInt8]) throws -> [UInt8] {
        var record = try #require(try archive.rawRecord(.entries, key))
        record[40] ^= 1
        try archive.putRaw(.entries, key, record)
        return record
    }

    @Test(arguments: [1, 3, 10, 1000])
    func runReadsEveryRecordOnceHoweverLargeItsSteps(_ limit: Int) throws {
        let archive = try Folder().openKept()
        for number in 0..<10 {
            try archive.store(try Sample.unsigned("\(number)"), under: Target(hashing: "\(number)"))
        }
        let state = try scrub(archive, limit: limit)
        #expect(state.finishedChecked == 10 && state.finishedDamaged == 0 && state.finishedAt == .start)
        #expect(archive.damagedRecords.isEmpty)
    }

    @Test func damagedRecordMovesToTheQuarantineAndAGoodCopyTakesItsPlace() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.signed("x", version: 3)
        let neighbour = try Sample.unsigned("neighbour")
        try archive.store(entry, neighbour)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        let damaged = try damage(archive, key)
        let step = try archive.scrub(from: .start, limit: 10, at: .start + 5, begunAt: .start, verifier)
        #expect(
            step.damaged == [
                ScrubDamage(
                    table: "entries", key: key, fault: "does not match its checksum",
                    value: ScrubDamage.Lost(target: Sample.target, id: entry.id))
            ])
        #expect(try archive.rawRecord(.entries, key) == nil)
        #expect(try archive.rawRecord(.quarantine, [Table.entries.rawValue] + key) == damaged)
        #expect(try archive.statistics().values == 1)
        #expect(try archive.statistics().keys == 1)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try archive.store(try Sample.signed("old", version: 2)) == [.superseded], "versions do not go back")
        #expect(try archive.store(entry) == [.stored])
        #expect(try scrub(archive).finishedDamaged == 0)
    }

    @Test func lastValueOfATargetLeavesNoTarget() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry)
        _ = try damage(archive, EntryKey(target: Sample.target, entry: entry).bytes)
        #expect(try scrub(archive).finishedDamaged == 1)
        #expect(try archive.statistics().keys == 0)
        #expect(try archive.statistics().values == 0)
    }

    @Test func wrongSignatureIsFoundAlthoughTheChecksumIsRight() throws {
        let archive = try Folder().openKept()
        var bytes = try Sample.signed("forged", version: 9).bytes
        bytes[5] ^= 1
        try archive.store(try Entry(bytes: bytes))
        #expect(try scrub(archive).finishedDamaged == 1)
        #expect(try archive.served().isEmpty)
    }

    @Test func checkedSignaturesAreNotedInTheIndex() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("x", version: 3))
        try archive.followToEnd()
        _ = try scrub(archive, at: .start + 60)
        archive.close()
        let value = try #require(try ArchiveReader.open(folder: folder.path).values(of: Sample.target).first)
        let scrub = "scrub 2023-11-14T22:13:20Z"
        #expect(
            value.verification == Verification(algorithm: "curve25519", result: "valid", at: .start + 60, by: scrub))
    }

    @Test func stateIsKeptAcrossARestart() throws {
        let folder = try Folder()
        var archive = try folder.open()
        #expect(try archive.scrubState() == ScrubState())
        for number in 0..<4 { try archive.store(try Sample.unsigned("\(number)")) }
        var state = ScrubState()
        state.begin("a run", at: .start)
        state.take(try archive.scrub(from: state.cursor, limit: 3, at: .start, begunAt: .start, verifier), at: .start)
        try archive.saveScrubState(state)
        archive.close()
        archive = try folder.open()
        #expect(try archive.scrubState() == state)
        let step = try archive.scrub(from: state.cursor, limit: 3, at: .start, begunAt: .start, verifier)
        #expect(step.checked == 1)
    }

    @Test(arguments: [Table.history, .evidence])
    func damageOfEarlierVersionsAndEvidenceIsFoundToo(_ table: Table) throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.signed("x", version: 3))
        try archive.store(try Sample.signed("other", version: 3))
        try archive.store(try Sample.signed("x", version: 4))
        var (key, record): ([UInt8], [UInt8]) = ([], [])
        _ = try archive.readAll(table, prefix: []) { (key, record) = (Array($0), Array($1)) }
        record[record.count - 1] ^= 1
        try archive.putRaw(table, key, record)
        #expect(try scrub(archive).finishedDamaged == 1)
        #expect(try archive.rawRecord(.quarantine, [table.rawValue] + key) == record)
        #expect(try archive.count(table) == 0)
        #expect(try archive.accountsAreRight())
    }
}
