import IPv8
import Testing

@testable import Archive

/// What the archive tells whoever chooses the version of the next value: its signer's last one, and its newest change.
@Suite struct LastVersionTests {
    private let signer = Sample.key.publicKey.mid

    private func last(_ archive: Archive, under target: Target = Sample.target) throws -> UInt32? {
        try archive.lastVersion(of: target, signer: signer)?.number
    }

    @Test func itIsThatOfTheValueUnderThisKeyByThisSigner() throws {
        let archive = try Folder().openKept()
        #expect(try last(archive) == nil)
        try archive.store(try Sample.signed("other", version: 900, by: Sample.otherKey))
        try archive.store(try Sample.unsigned("none"))
        try archive.store(try Sample.signed("elsewhere", version: 901), under: Target(hashing: "another"))
        #expect(try last(archive) == nil)
        for version in [5, 7, 6] as [UInt32] { try archive.store(try Sample.signed("\(version)", version: version)) }
        #expect(try last(archive) == 7)
        let own = Target(bits: signer.bits)
        try archive.store(try Sample.signed("own record", version: 8), under: own)
        #expect(try last(archive, under: own) == 8)
    }

    @Test func itOutlivesRetentionRemovalAndReopening() throws {
        let folder = try Folder()
        var archive = try folder.open()
        try archive.store(try Sample.signed("gone", version: 7), for: 10)
        try archive.sweepRound(at: .start + 4000)
        #expect(try archive.count(.retained) == 1)
        #expect(try last(archive) == 7)
        try archive.sweepRound(at: .start + 400 * 86_400)
        #expect(try archive.count(.retained) == 0 && archive.count(.floors) == 1)
        #expect(try last(archive) == 7)
        archive.close()
        archive = try folder.open()
        #expect(try last(archive) == 7)
        archive.close()
    }

    @Test func itIsKnownFromThePublicationAndFromADamagedRecord() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.signed("mine", version: 7)
        try archive.store(entry, from: .publishedHere)
        _ = try archive.commit([.withdraw(Sample.target, entry)], at: .start)
        let key = EntryKey(target: Sample.target, entry: entry).bytes
        var record = try #require(try archive.rawRecord(.entries, key))
        record[record.count - 1] ^= 1
        try archive.putRaw(.entries, key, record)
        #expect(try last(archive) == 7)
        try archive.putRaw(.entries, key, [0])
        #expect(try last(archive) == 7)
    }

    @Test func theNewestChangeIsTheLatestOfTheLastOnesInWhateverOrder() throws {
        let archive = try Folder().openKept()
        #expect(try archive.newestChange() == nil)
        try archive.store(try Sample.unsigned("1"), at: .start)
        try archive.store(try Sample.unsigned("2"), at: .start + 500)
        try archive.store(try Sample.unsigned("3"), at: Instant(seconds: 40))
        #expect(try archive.newestChange() == .start + 500)
        for number in 0..<300 { try archive.store(try Sample.unsigned("later \(number)"), at: .start + 10) }
        #expect(try archive.newestChange() == .start + 10)
    }
}
