import IPv8
import Testing

@testable import Archive

@Suite struct LimitTests {
    @Test func targetTakesNoMoreOfAClassThanItMayAndTheOtherClassesStayOpen() throws {
        var options = ArchiveOptions.small
        (options.unsignedPerTargetMax, options.signedPerTargetMax) = (3, 2)
        let archive = try Folder().openKept(options)
        let target = Target(bits: Sample.key.publicKey.mid.bits)
        for number in 0..<3 { try archive.store(try Sample.unsigned("\(number)"), under: target) }
        #expect(try archive.store(try Sample.unsigned("3"), under: target) == [.refused(.targetQuota)])
        for seed in 2...3 {
            let entry = try Sample.signed("x", version: 1, by: Sample.makeKey(UInt8(seed)))
            #expect(try archive.store(entry, under: target) == [.stored])
        }
        let third = try Sample.signed("x", version: 1, by: Sample.makeKey(4))
        #expect(try archive.store(third, under: target) == [.refused(.targetQuota)])
        #expect(try archive.store(try Sample.signed("owner", version: 1), under: target) == [.stored])
        #expect(try archive.store(try Sample.unsigned("2"), under: target, for: 9000) == [.refreshed])
        #expect(try archive.served(target).count == 6)
    }

    private static func network(_ number: UInt32) -> Provenance {
        .received(from: Sample.sender, at: Address(host: .v4(0x0A00_0001 + number << 8), port: 8090))
    }

    @Test func networkThatHasMostOfAFullKeyMakesRoomUntilAllHaveTheirShare() throws {
        var options = ArchiveOptions.small
        options.unsignedPerTargetMax = 3
        let archive = try Folder().openKept(options)
        func store(_ text: String, from number: UInt32, at second: Int) throws -> StoreOutcome? {
            try archive.store(
                try Sample.unsigned(text), at: .start + .seconds(second), from: Self.network(number)
            ).first
        }
        for (second, text) in ["a", "b", "c"].enumerated() { _ = try store(text, from: 1, at: second) }
        #expect(try store("d", from: 1, at: 10) == .refused(.targetQuota))
        #expect(try store("e", from: 2, at: 10) == .stored)
        #expect(try store("f", from: 2, at: 11) == .refused(.targetQuota))
        #expect(try store("g", from: 3, at: 12) == .stored)
        #expect(try store("h", from: 4, at: 13) == .refused(.targetQuota))
        let held = try archive.records(of: Sample.target).map(\.entry)
        #expect(Set(held) == Set(try ["c", "e", "g"].map { try Sample.unsigned($0) }))
        #expect(try archive.accountsAreRight())
    }

    @Test func whatIsGivenUpForAnotherNetworkDoesNotComeBackInAnEarlierVersion() throws {
        var options = ArchiveOptions.small
        options.signedPerTargetMax = 2
        let archive = try Folder().openKept(options)
        let keys = [2, 3, 4].map { Sample.makeKey($0) }
        for (second, key) in keys[..<2].enumerated() {
            let entry = try Sample.signed("x", version: 7, by: key)
            try archive.store(entry, at: .start + second, from: Self.network(1))
        }
        let newcomer = try Sample.signed("x", version: 1, by: keys[2])
        #expect(try archive.store(newcomer, at: .start + 5, from: Self.network(2)) == [.stored])
        let earlier = try Sample.signed("x", version: 6, by: keys[0])
        #expect(try archive.store(earlier, at: .start + 6, from: Self.network(3)) == [.superseded])
        #expect(try archive.count(.floors) == 1)
    }

    @Test func whatIsPublishedHereOrAboutToBeAcknowledgedIsNotGivenUp() throws {
        var options = ArchiveOptions.small
        options.unsignedPerTargetMax = 2
        let archive = try Folder().openKept(options)
        for text in ["a", "b"] { try archive.store(try Sample.unsigned(text), from: .publishedHere) }
        let third = try Sample.unsigned("c")
        #expect(try archive.store(third, at: .start + 5, from: Self.network(1)) == [.refused(.targetQuota)])
        let other = try Folder().openKept(options)
        for text in ["a", "b"] { try other.store(try Sample.unsigned(text), from: Self.network(1)) }
        #expect(try other.store(third, from: Self.network(2)) == [.refused(.targetQuota)])
        #expect(try other.store(third, at: .start + 5, from: Self.network(2)) == [.stored])
    }

    @Test func pinnedValueKeepsItsPlaceAndAnotherOneOfItsNetworkGoes() throws {
        var options = ArchiveOptions.small
        options.signedPerTargetMax = 3
        let archive = try Folder().openKept(options)
        let keys = [2, 3, 4, 5, 6].map { Sample.makeKey($0) }
        func store(_ number: Int, from network: UInt32, at second: Int) throws -> StoreOutcome? {
            let entry = try Sample.signed("x", version: 1, by: keys[number])
            return try archive.store(entry, at: .start + second, from: Self.network(network)).first
        }
        for number in 0..<3 { _ = try store(number, from: 1, at: number) }
        _ = try archive.commit([.pin(.signer(keys[0].publicKey.mid))], at: .start + 3)
        #expect(try store(3, from: 2, at: 4) == .stored)
        let signers = try archive.records(of: Sample.target).compactMap(\.entry.signature?.signer.mid)
        #expect(Set(signers) == Set([0, 2, 3].map { keys[$0].publicKey.mid }))
        #expect(try archive.accountsAreRight())
        _ = try archive.commit([.pin(.key(Sample.target))], at: .start + 5)
        for second in 6..<9 { #expect(try store(4, from: 3, at: second) == .refused(.targetQuota)) }
        #expect(try archive.accountsAreRight())
    }

    @Test func expiredValueGivesUpItsPlaceOnlyWhileTheClockIsSteady() throws {
        var options = ArchiveOptions.small
        options.unsignedPerTargetMax = 2
        let archive = try Folder().openKept(options)
        let entries = try ["a", "b", "c"].map { try Sample.unsigned($0) }
        try archive.store(entries[0], for: 20)
        try archive.store(entries[1], for: 10)
        let later = Instant.start + 100
        #expect(try archive.store(entries[2], at: later, clockIsSteady: false) == [.refused(.targetQuota)])
        #expect(try archive.records(of: Sample.target).count == 2)
        #expect(try archive.store(entries[2], at: later) == [.stored])
        #expect(Set(try archive.records(of: Sample.target).map(\.entry)) == [entries[0], entries[2]])
        #expect(try archive.retainedRecords(of: Sample.target).map(\.entry) == [entries[1]])
        #expect(try archive.statistics().values == 2)
    }

    /// Until the clock is steady a place is made as if nothing had expired: docs/archive-format.md says so.
    @Test func expiredValueThatMakesAPlaceInTheFirstHourIsRemovedAndNotRetained() throws {
        var options = ArchiveOptions.small
        options.signedPerTargetMax = 2
        let archive = try Folder().openKept(options)
        try archive.store(try Sample.signed("a", version: 7), for: 10)
        try archive.store(try Sample.signed("b", version: 1, by: Sample.otherKey), at: .start + 1, for: 10)
        let other = Provenance.received(from: Sample.sender, at: Address(host: .v4(0xC633_6401), port: 8090))
        let entry = try Sample.signed("c", version: 1, by: Sample.makeKey(3))
        #expect(try archive.store(entry, at: .start + 100, from: other, clockIsSteady: false) == [.stored])
        #expect(try archive.retainedRecords(of: Sample.target).isEmpty)
        let older = try Sample.signed("d", version: 6)
        #expect(try archive.store(older, at: .start + 101, clockIsSteady: false) != [.stored], "its version is a floor")
    }

    @Test func quotaRefusesNewValuesAndServesAndRefreshesTheHeldOnes() throws {
        var options = ArchiveOptions.small
        options.liveBytesMax = 400 << 10
        let folder = try Folder()
        let archive = try folder.open(options)
        var held: [Target] = []
        var refusal: StoreOutcome?
        while refusal == nil, held.count < 10_000 {
            let target = Target(hashing: "\(held.count)")
            let outcome = try archive.store(try Sample.unsigned("x"), under: target)
            if outcome == [.stored] { held.append(target) } else { refusal = outcome.first }
        }
        #expect(refusal == .refused(.quota))
        #expect(held.count > 500)
        #expect(try archive.statistics().liveBytes <= options.liveBytesMax + 10 * 4096)
        for target in held { #expect(try archive.served(target).count == 1) }
        #expect(try archive.store(try Sample.unsigned("x"), under: held[0], for: 9000) == [.refreshed])
        archive.close()
        options.liveBytesMax *= 2
        #expect(try folder.open(options).store(try Sample.unsigned("x"), under: Target(hashing: "new")) == [.stored])
    }

    @Test func hardLimitStopsTheJournalOfAnIndexThatDoesNotFollow() throws {
        var options = ArchiveOptions.small
        options.liveBytesMax = 200 << 10
        let archive = try Folder().openKept(options)
        try archive.store(try Sample.unsigned("x"))
        var seconds = 0
        var outcome: StoreOutcome?
        repeat {
            seconds += 100
            outcome = try archive.store(try Sample.unsigned("x"), for: 3600 + seconds).first
        } while outcome == .refreshed && seconds < 1_000_000
        #expect(outcome == .refused(.quota))
        #expect(try archive.statistics().liveBytes < 260 << 10)
    }

    @Test func reserveOfTheDiskRefusesEarly() throws {
        let folder = try Folder()
        let first = try folder.open()
        try first.store(try Sample.unsigned("x"))
        first.close()
        var options = ArchiveOptions.small
        options.diskReserveBytes = .max
        let archive = try folder.open(options)
        #expect(try archive.store(try Sample.unsigned("y")) == [.refused(.diskReserve)])
        #expect(try archive.store(try Sample.unsigned("x"), for: 9000) == [.refused(.diskReserve)])
        #expect(try archive.store(try Sample.unsigned("x")) == [.refreshed])
        #expect(try archive.commit([.tokenSecrets([])], at: .start) == [.refused(.diskReserve)])
        #expect(try archive.served() == [try Sample.unsigned("x").bytes])
    }

    @Test func touchedReserveStillRefreshesAndReplaces() throws {
        let room = DiskRoom(folder: "/", reserveBytes: 0)
        #expect(room == .ample)
        #expect(DiskRoom(folder: "/", reserveBytes: .max) == .exhausted)
        let archive = try Folder().openKept()
        try archive.store(try Sample.unsigned("x"))
        try archive.environment.write { (transaction) throws(ArchiveError) in
            let pass = try StorePass.begin(transaction, at: .start, .small, room: .scarce, clockIsSteady: true)
            let (growth, rewrite) = (try pass.refusalToGrow(), try pass.refusalToRewrite())
            #expect(growth == .diskReserve)
            #expect(rewrite == nil)
        }
    }

    @Test func fullMapRefusesLosesNothingAndRecoversInALargerOne() throws {
        var options = ArchiveOptions.small
        options.mapBytes = 512 << 10
        let folder = try Folder()
        let archive = try folder.open(options)
        var held: [Target] = []
        var outcome: StoreOutcome?
        repeat {
            let target = Target(hashing: "\(held.count)")
            outcome = try archive.store(try Sample.unsigned("x"), under: target).first
            if outcome == .stored { held.append(target) }
        } while outcome == .stored && held.count < 10_000
        #expect(outcome == .refused(.diskReserve))
        #expect(held.count > 50)
        for target in held { #expect(try archive.served(target).count == 1) }
        #expect(try archive.store(try Sample.unsigned("x"), under: held[0]) == [.refreshed])
        #expect(!archive.isReadOnly)
        archive.close()
        options.mapBytes = 1 << 20
        let larger = try folder.open(options)
        for target in held { #expect(try larger.served(target).count == 1) }
        #expect(try larger.store(try Sample.unsigned("x"), under: Target(hashing: "new")) == [.stored])
    }

    @Test func journalIsTrimmedBelowTheIndex() throws {
        var options = ArchiveOptions.small
        options.journalKeep = .zero
        let archive = try Folder().openKept(options)
        for number in 0..<50 { try archive.store(try Sample.unsigned("\(number)")) }
        let count = { () throws in
            try archive.environment.read { (transaction) throws(ArchiveError) in
                try transaction.recordCount(.journal)
            }
        }
        #expect(try count() == 50)
        try archive.followToEnd()
        for number in 50..<60 { try archive.store(try Sample.unsigned("\(number)")) }
        #expect(try count() == 40)
        for number in 0..<60 { try archive.store(try Sample.unsigned("\(number)"), for: 9000) }
        #expect(try count() == 71)  // 50, up to which the index is, to 120
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
    }
}
