import Foundation
import IPv8
import Testing

@testable import Archive

/// What is missing or altered below the records and between the tables: found, named, and made anew where it can be.
@Suite struct InspectionTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.fill()
    }

    private func inspect() throws -> [VerifyFinding] {
        try ArchiveReader.open(folder: folder.path).inspect(limit: nil).findings
    }

    private func verify() throws -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        _ = try ArchiveReader.open(folder: folder.path).verify(
            threads: 2, progress: { _ in }, found: { findings.append($0) })
        return findings
    }

    private func repair() throws -> RepairReport {
        let archive = try folder.open()
        defer { archive.close() }
        return try archive.repair(at: Folder.filled) { _, _ in }
    }

    /// Changes tables past everything that keeps accounts and counts.
    private func tamper(_ body: (consuming WriteTransaction) throws(ArchiveError) -> Void) throws {
        let archive = try folder.open()
        try archive.environment.write(body)
        archive.close()
    }

    private func firstKey(_ table: ArchiveTable) throws -> [UInt8] {
        let archive = try folder.open()
        defer { archive.close() }
        let key = try archive.environment.read { (transaction) throws(ArchiveError) in
            try transaction.firstKey(table, prefix: [])
        }
        return try #require(key)
    }

    @Test func soundArchiveHasNothingMissing() throws {
        let inspection = try ArchiveReader.open(folder: folder.path).inspect(limit: nil)
        #expect(inspection.findings.isEmpty && inspection.isComplete && inspection.pageCount > 10)
        #expect(inspection.damagedRecords == 0)
        #expect(try verify().isEmpty)
    }

    @Test func lookEndsWhenItsTimeIsUp() throws {
        let inspection = try ArchiveReader.open(folder: folder.path).inspect(limit: .zero)
        #expect(!inspection.isComplete && inspection.findings.isEmpty)
    }

    @Test(arguments: ["publications", "retained", "pins", "floors"])
    func tableWhoseNameWasAlteredIsMissed(name: String) throws {
        var bytes = try folder.bytes(folder.lmdb)
        let needle = Array(name.utf8)
        // Behind the meta pages, wherever the name stands as that of a table.
        for place in bytes.indices.dropFirst(8192).dropLast(needle.count)
        where bytes[place] == needle[0] && bytes[place..<place + needle.count].elementsEqual(needle) {
            bytes[place + needle.count - 1] ^= 0x04
        }
        try folder.write(bytes, to: folder.lmdb)
        let found = try inspect()
        #expect(found.count == 1 && found.allSatisfy { $0.fault.contains("the table \(name) is missing") }, "\(found)")
        #expect(throws: ArchiveError.self) { try folder.open() }
    }

    @Test func olderStateUnderTheNewestNumberIsFound() throws {
        let whole = try folder.bytes(folder.lmdb)
        let numbers = [0, 1].map { whole[$0 * 4096 + 144] }
        let older = numbers[0] < numbers[1] ? 0 : 1
        for (page, number) in [(older, numbers[older] + 2), (1 - older, numbers[1 - older] - 2)] {
            var altered = whole
            altered[page * 4096 + 144] = number
            try folder.write(altered, to: folder.lmdb)
            #expect(try inspect().contains { $0.fault.contains("not of the transactions that they name") })
            #expect(try !verify().isEmpty)
        }
    }

    @Test(arguments: Budget.allCases)
    func recordsThatTheCountsKnowAreMissed(budget: Budget) throws {
        // Values leave the serving window for the retained ones.
        let archive = try folder.open()
        while budget == .retained, try !archive.sweep(at: Folder.filled + 7200, limit: 100).endsRound {}
        archive.close()
        let key = try firstKey(budget.table)
        try tamper { (transaction) throws(ArchiveError) in try transaction.delete(budget.table, key) }
        let found = try inspect()
        #expect(found.map(\.table) == [budget.table.name])
        #expect(found.first?.fault.hasSuffix(": 1 missing") == true, "\(found)")
        #expect(try verify().contains { $0.table == ArchiveTable.ages.name })
        let report = try repair()
        #expect(report.countsRestored && report.accountsRestored)
        #expect(try inspect().isEmpty)
    }

    @Test func missingCountsAreFound() throws {
        try tamper { (transaction) throws(ArchiveError) in try transaction.delete(.meta, Array("counts".utf8)) }
        #expect(try inspect() == [VerifyFinding(table: "meta", key: Array("counts".utf8), fault: "is missing")])
    }

    @Test func besideANodeOneStateIsLookedOver() throws {
        let held = try LockedFolder(folder.path)
        let archive = try folder.open()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(reader.isInUse)
        for number in 0..<20 {
            try archive.store(
                try Sample.unsigned("\(number)"), under: Target(hashing: "\(number)"), at: Folder.filled)
            let inspection = try reader.inspect(limit: nil)
            #expect(inspection.findings.isEmpty && inspection.isComplete)
        }
        let counts = Array("counts".utf8)
        try archive.environment.write { (transaction) throws(ArchiveError) in try transaction.delete(.meta, counts) }
        #expect(try reader.inspect(limit: nil).findings.count == 1)
        archive.close()
        withExtendedLifetime(held) {}
    }
}

// MARK: - Accounts, publications and the journal

extension InspectionTests {
    @Test(arguments: [ArchiveTable.holdings, .ranks, .ages])
    func missingRecordOfTheAccountsIsFoundAndMadeAnew(table: ArchiveTable) throws {
        let key = try firstKey(table)
        try tamper { (transaction) throws(ArchiveError) in try transaction.delete(table, key) }
        #expect(try verify().contains { $0.table == table.name })
        #expect(try inspect().isEmpty)
        let report = try repair()
        #expect(report.accountsRestored && report.quarantined.isEmpty)
        #expect(try verify().isEmpty)
    }

    @Test func wrongRecordsOfTheAccountsAreFoundAndMadeAnew() throws {
        let stranger = Source(IPAddress.v4(0x0909_0909))
        let account = Account(budget: .served, source: stranger)
        let filing = Filing(
            budget: .served, source: stranger, since: .start, key: try firstKey(.entries), charge: 1)
        let key = try firstKey(.holdings)
        let known = try #require(AccountKey.readHolding(key))
        let wrongs: [(ArchiveTable, (inout RecordEncoder) -> Void)] = [
            (.holdings, { $0.encode(Usage(count: 77, bytes: 7), of: known) }),
            (.holdings, { $0.encode(Usage(count: 1, bytes: 7), of: account) }),
            (.ranks, { $0.encodeEmpty(AccountKey.rank(account, bytes: 7), in: .ranks) }),
            (.ages, { $0.encodeEmpty(AccountKey.age(filing), in: .ages) }),
        ]
        for (table, encode) in wrongs {
            try tamper { (transaction) throws(ArchiveError) in
                var encoder = RecordEncoder()
                encode(&encoder)
                try transaction.put(table, &encoder)
            }
            #expect(try verify().contains { $0.table == table.name }, "\(table)")
            #expect(try repair().accountsRestored)
            #expect(try verify().isEmpty, "\(table)")
        }
    }

    @Test func publishedValueWithoutAPublicationIsFoundAndGetsOneAnew() throws {
        let archive = try folder.open()
        let before = try archive.publications()
        archive.close()
        let key = try firstKey(.publications)
        try tamper { (transaction) throws(ArchiveError) in try transaction.delete(.publications, key) }
        let found = try verify().filter { !$0.key.isEmpty }
        #expect(found.map(\.table) == ["publications"] && found.first?.key == key)
        #expect(try repair().publicationsRestored == 1)
        #expect(try verify().isEmpty)
        let after = try folder.open()
        #expect(try after.publications() == before)
        after.close()
    }

    /// The first change, one between, and the last one.
    @Test(arguments: [0, 1, 2])
    func journalBeginsBehindItsLastDamagedChange(place: Int) throws {
        let archive = try folder.open()
        // Where the index has not read them, changes stay.
        for number in 0..<9 { try archive.store(try Sample.unsigned("\(number)"), at: Folder.filled + number) }
        let end = try archive.statistics().journalLast
        let first = try archive.environment.read { (transaction) throws(ArchiveError) in
            try transaction.firstKey(.journal, prefix: [])
        }
        let number = [
            Hex.encode(try #require(first)), Hex.encode((end - 4).bigEndianBytes), Hex.encode(end.bigEndianBytes),
        ]
        let key = try #require(Hex.decode(number[place]))
        var record = try #require(try archive.rawRecord(.journal, key))
        record[12] ^= 1
        try archive.putRaw(.journal, key, record)
        archive.close()
        #expect(try verify().contains { $0.table == "journal" })
        let report = try repair()
        #expect(report.quarantined == ["journal": 1] && report.changesDropped > 0)
        #expect(try verify().isEmpty)
        let again = try folder.open()
        #expect(try again.rawRecord(.quarantine, [ArchiveTable.journal.rawValue] + key) == record)
        #expect(try again.statistics().journalLast == (place == 2 ? end + 1 : end))
        try again.store(try Sample.unsigned("goes on"), at: Folder.filled + 99)
        #expect(try again.followToEnd().compactMap(\.rebuildReason).isEmpty)
        #expect(try again.indexDifferences().isEmpty)
        again.close()
    }

    @Test func emptiedJournalIsFoundAndBegunAnew() throws {
        try tamper { (transaction) throws(ArchiveError) in try transaction.clear(.journal) }
        #expect(try inspect().map(\.table) == ["journal"])
        _ = try repair()
        #expect(try verify().isEmpty)
        let archive = try folder.open()
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
    }
}
