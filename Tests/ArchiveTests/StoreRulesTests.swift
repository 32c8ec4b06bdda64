import IPv8
import Testing

@testable import Archive

@Suite struct StoreRulesTests {
    @Test func storedValuesAreThereAfterReopening() throws {
        let folder = try Folder()
        let (signed, unsigned) = (try Sample.signed("one", version: 5), try Sample.unsigned("two"))
        let archive = try folder.open()
        #expect(try archive.store(signed, unsigned) == [.stored, .stored])
        archive.close()

        let reopened = try folder.open()
        #expect(reopened.archiveID == archive.archiveID)
        #expect(try reopened.served() == [signed.bytes, unsigned.bytes])
        let records = try reopened.records(of: Sample.target)
        #expect(records.map(\.provenance) == [Sample.received, Sample.received])
        #expect(records.map(\.firstSeen) == [.start, .start])
        #expect(records.map(\.expiresAt) == [.start + 3600, .start + 3600])
    }

    @Test func provenanceOfEachKindIsKept() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let addresses = try ["127.1.2.3:65535", "[2001:db8::1]:8090"].map { try #require(Address($0)) }
        let all =
            [Provenance.publishedHere] + addresses.map { .received(from: Sample.sender, at: $0) }
            + [.received(from: Sample.sender, at: .none)]
        for (number, provenance) in all.enumerated() {
            let target = Target(hashing: "\(number)")
            try archive.store(try Sample.unsigned("x"), under: target, from: provenance)
            #expect(try archive.records(of: target).map(\.provenance) == [provenance])
        }
    }

    @Test func higherVersionReplaces() throws {
        let archive = try Folder().openKept()
        let (old, new) = (try Sample.signed("old", version: 1), try Sample.signed("new", version: 2))
        try archive.store(old)
        #expect(try archive.store(new, at: .start + 10, for: 100) == [.replaced])
        #expect(try archive.served() == [new.bytes])
        let record = try #require(try archive.records(of: Sample.target).first)
        #expect(record.firstSeen == .start + 10)
        #expect(record.expiresAt == .start + 110)
    }

    @Test func lowerVersionIsNotTaken() throws {
        let archive = try Folder().openKept()
        let (old, new) = (try Sample.signed("old", version: 1), try Sample.signed("new", version: 2))
        try archive.store(new)
        #expect(try archive.store(old, for: 9000) == [.superseded])
        #expect(try archive.served() == [new.bytes])
    }

    @Test func lowerVersionIsNotTakenAfterExpiryAndReopening() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("new", version: 2), for: 10)
        archive.close()
        let reopened = try folder.open()
        #expect(try reopened.store(try Sample.signed("old", version: 1), at: .start + 1000) == [.superseded])
        #expect(try reopened.served(at: .start + 1000).isEmpty)
    }

    @Test func refreshMovesTheExpiryAndNothingElse() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry, for: 100)
        #expect(try archive.store(entry, at: .start + 50, for: 100) == [.refreshed])
        let record = try #require(try archive.records(of: Sample.target).first)
        #expect(record.expiresAt == .start + 100)  // 50 seconds are not worth a write
        #expect(try archive.store(entry, at: .start + 60, for: 100) == [.refreshed])
        let moved = try #require(try archive.records(of: Sample.target).first)
        #expect(moved.expiresAt == .start + 160)
        #expect(moved.firstSeen == .start)
        #expect(moved.lastStored == .start + 60)
    }

    @Test func refreshThatIsNotWorthAWriteWritesNothing() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry, for: 100)
        let before = try archive.statistics().journalLast
        try archive.store(entry, for: 159)
        #expect(try archive.statistics().journalLast == before)
        try archive.store(entry, for: 160)
        #expect(try archive.statistics().journalLast == before + 1)
    }

    @Test func refreshNeverMovesTheExpiryBackwards() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.signed("x", version: 1)
        try archive.store(entry, for: 1000)
        #expect(try archive.store(entry, for: 10) == [.refreshed])
        #expect(try archive.records(of: Sample.target).first?.expiresAt == .start + 1000)
    }

    @Test func expiredValueIsServedAgainAfterTheSmallestRefresh() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry, for: 100)
        #expect(try archive.store(entry, at: .start + 110, for: 10) == [.refreshed])
        #expect(try archive.served(at: .start + 115) == [entry.bytes])
    }

    @Test func refreshKeepsTheBytesThatCameFirst() throws {
        let archive = try Folder().openKept()
        let key = try PrivateKey.generate(.veryLow)
        let first = try Sample.signed("x", version: 1, by: key)
        let again = try Sample.signed("x", version: 1, by: key)
        try #require(first.bytes != again.bytes)  // this signature is randomised
        try archive.store(first)
        #expect(try archive.store(again, for: 7200) == [.refreshed])
        #expect(try archive.served() == [first.bytes])
        #expect(try archive.records(of: Sample.target).first?.expiresAt == .start + 7200)
    }

    @Test func sameVersionWithOtherDataStaysUnlessItsSignerSendsIt() throws {
        let archive = try Folder().openKept()
        let (ours, other) = (try Sample.signed("ours", version: 1), try Sample.signed("other", version: 1))
        try archive.store(ours)
        #expect(try archive.store(other) == [.kept])
        #expect(try archive.served() == [ours.bytes])
        let fromSigner = Provenance.received(from: Sample.key.publicKey.mid, at: Sample.address)
        #expect(try archive.store(other, from: fromSigner) == [.replaced])
        #expect(try archive.served() == [other.bytes])
    }

    @Test func publishingHereMakesAReceivedValueOurs() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry)
        #expect(try archive.store(entry, from: .publishedHere) == [.refreshed])
        #expect(try archive.records(of: Sample.target).first?.provenance == .publishedHere)
        try archive.store(entry, for: 9000)
        #expect(try archive.records(of: Sample.target).first?.provenance == .publishedHere)
    }

    @Test func oneRefusedValueCostsTheOthersNothing() throws {
        var options = ArchiveOptions.small
        options.unsignedPerTargetMax = 1
        let archive = try Folder().openKept(options)
        let entries = [try Sample.unsigned("a"), try Sample.unsigned("b"), try Sample.signed("c", version: 1)]
        let outcomes = try archive.store(entries[0], entries[1], entries[2])
        #expect(outcomes == [.stored, .refused(.targetQuota), .stored])
        #expect(outcomes.map(\.isHeld) == [true, false, true])
        #expect(try archive.served() == [entries[2].bytes, entries[0].bytes])
    }

    @Test func groupIsAppliedInItsOrder() throws {
        let archive = try Folder().openKept()
        let versions = try [3, 5, 4, 5].map { try Sample.signed("v", version: $0) }
        let changes = versions.map {
            ArchiveChange.store(
                StoreChange(
                    target: Sample.target, entries: [$0], expiresAt: .start + 60, provenance: Sample.received))
        }
        let outcomes = try archive.commit(changes + [.tokenSecrets([])], at: .start)
        #expect(
            outcomes == [
                .store([.stored]), .store([.replaced]), .store([.superseded]), .store([.refreshed]), .tokenSecrets,
            ])
    }

    @Test func tokenSecretsComeBackNewestFirst() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let secrets = (0..<6).map { TokenSecret(bytes: [UInt8($0), 1, 2, 3], drawnAt: .start + $0) }
        #expect(try archive.commit([.tokenSecrets(secrets)], at: .start) == [.tokenSecrets])
        archive.close()
        let reopened = try folder.open()
        #expect(try reopened.tokenSecrets() == secrets.suffix(4).reversed())
        _ = try reopened.commit([.tokenSecrets([secrets[0]])], at: .start)
        #expect(try reopened.tokenSecrets() == [secrets[0]])
    }

    @Test func countsFollowWhatIsHeld() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.signed("a", version: 1), try Sample.unsigned("b"))
        try archive.store(try Sample.signed("a2", version: 2))
        let owned = Target(bits: Sample.key.publicKey.mid.bits)
        try archive.store(try Sample.signed("a", version: 1), under: owned)
        archive.close()
        let statistics = try folder.open().statistics()
        #expect(statistics.values == 3)
        #expect(statistics.keys == 2)
        #expect(statistics.valuesByClass == (1, 1, 1))
        #expect(statistics.liveBytes > 0)
        #expect(statistics.journalLast == 5)  // the replaced version is a record too
    }

    @Test func nothingIsWrittenAfterClosing() throws {
        let archive = try Folder().openKept()
        archive.close()
        #expect(throws: ArchiveError.closed) { try archive.store(try Sample.unsigned("x")) }
        #expect(throws: ArchiveError.closed) { try archive.served() }
        #expect(throws: ArchiveError.closed) { try archive.follow() }
    }
}
