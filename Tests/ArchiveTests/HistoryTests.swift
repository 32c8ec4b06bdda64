import IPv8
import Testing

@testable import Archive

@Suite struct HistoryTests {
    private var signer: Mid { Sample.key.publicKey.mid }

    private func versions(_ archive: Archive) throws -> [UInt32] {
        try archive.history(of: Sample.target, signer: signer).compactMap {
            $0.record.entry.signature?.version.number
        }
    }

    @Test func replacedVersionGoesToHistoryWithWhatWasKnownOfIt() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let first = try Sample.signed("one", version: 1)
        try archive.store(first, for: 500)
        try archive.store(try Sample.signed("two", version: 2), at: .start + 60)
        archive.close()
        let history = try folder.open().history(of: Sample.target, signer: signer)
        #expect(history.count == 1)
        #expect(history.first?.record.entry == first)
        #expect(history.first?.record.firstSeen == .start)
        #expect(history.first?.record.expiresAt == .start + 500)
        #expect(history.first?.record.provenance == Sample.received)
        #expect(history.first?.replacedAt == .start + 60)
    }

    @Test func refreshedAndUnsignedValuesLeaveNoHistory() throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.signed("one", version: 1))
        try archive.store(try Sample.signed("one", version: 1), at: .start + 600)
        try archive.store(try Sample.unsigned("one"), try Sample.unsigned("two"))
        #expect(try versions(archive).isEmpty)
    }

    @Test func firstVersionAndTheLastSixteenAreAlwaysKept() throws {
        let archive = try Folder().openKept()
        for version in 1...120 {
            try archive.store(try Sample.signed("v", version: UInt32(version)), at: .start + version * 600)
        }
        let kept = try versions(archive)
        #expect(kept.first == 1)
        #expect(kept.suffix(16) == Array(104...119))
        #expect(kept == kept.sorted())
        #expect(kept.count < 32)
    }

    @Test func ageDoublesBetweenTheVersionsInTheMiddle() throws {
        var times: [Instant] = []
        for hour in 0..<20_000 {
            times.append(.start + hour * 3600)
            for place in HistoryThinning.excess(times, clockIsSteady: true).reversed() { times.remove(at: place) }
            #expect(times.count <= 17 + 2 * 15)
        }
        let ages = times.map { (times[times.count - 1].seconds - $0.seconds) / 3600 }
        #expect(ages.first == 19_999)
        #expect(ages.suffix(16) == Array((0..<16).reversed()))
        for (older, younger) in zip(ages, ages.dropFirst()) where younger >= 16 {
            #expect(older <= 4 * younger, "a gap between \(older) and \(younger) hours")
        }
    }

    @Test func thinningWaitsForASteadyClockUntilThereAreTooMany() {
        let times = (0..<128).map { Instant.start + $0 }
        #expect(HistoryThinning.excess(times, clockIsSteady: false).isEmpty)
        #expect(!HistoryThinning.excess(times, clockIsSteady: true).isEmpty)
        #expect(!HistoryThinning.excess(times + [.start + 128], clockIsSteady: false).isEmpty)
    }

    /// The figures that docs/archive-format.md gives for 200 versions.
    @Test(arguments: [(false, 87), (true, 17)])
    func versionsAreThinnedInBatchesUntilTheClockIsSteady(clockIsSteady: Bool, kept: Int) throws {
        let archive = try Folder().openKept()
        for version in 1...200 {
            try archive.store(try Sample.signed("v", version: UInt32(version)), clockIsSteady: clockIsSteady)
        }
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).count == kept)
    }

    @Test(arguments: [[Instant](), [.start], Array(repeating: .start, count: 400)])
    func thinningBoundsWhateverTheTimesAre(_ times: [Instant]) {
        let excess = HistoryThinning.excess(times, clockIsSteady: true)
        #expect(times.count - excess.count <= 17)
        #expect(!excess.contains(0))
    }

    @Test func thousandsOfVersionsInAMinuteLeaveABoundedHistory() throws {
        let archive = try Folder().openKept()
        for second in 0..<50 {
            let changes = try (1...40).map { number in
                let entry = try Sample.signed("v", version: UInt32(40 * second + number))
                return ArchiveChange.store(
                    StoreChange(
                        target: Sample.target, entries: [entry], expiresAt: .start + 3600,
                        provenance: Sample.received))
            }
            _ = try archive.commit(changes, at: .start + second)
        }
        #expect(try versions(archive).last == 1999)
        #expect(try versions(archive).count <= 17 + 2 * 6)
        #expect(try archive.accountsAreRight())
    }

    @Test func signerWhoGivesOneVersionTwiceIsKeptAsEvidence() throws {
        let archive = try Folder().openKept()
        let (held, other) = (try Sample.signed("one", version: 5), try Sample.signed("other", version: 5))
        try archive.store(held)
        #expect(try archive.store(other, at: .start + 1) == [.kept])
        #expect(
            try archive.evidence() == [
                Evidence(target: Sample.target, signer: signer, noted: .start + 1, held: held, offered: other)
            ])
        let third = try Sample.signed("third", version: 5)
        let fromSigner = Provenance.received(from: signer, at: Sample.address)
        #expect(try archive.store(third, at: .start + 2, from: fromSigner) == [.replaced])
        #expect(try archive.evidence().map(\.offered) == [other])
        #expect(try archive.history(of: Sample.target, signer: signer).map(\.record.entry) == [held])
        #expect(try archive.accountsAreRight())
    }

    @Test func sameDataUnderAnotherSignatureIsNoEvidence() throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.signed("one", version: 5))
        try archive.store(try Sample.signed("one", version: 5), at: .start + 100)
        try archive.store(try Sample.signed("two", version: 6), at: .start + 100)
        #expect(try archive.evidence().isEmpty)
    }
}
