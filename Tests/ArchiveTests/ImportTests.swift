import IPv8
import Testing

@testable import Archive

@Suite struct ImportTests {
    private let source: Folder
    private let items: [DumpItem]
    private let target: Folder

    init() throws {
        (source, target) = (try Folder(), try Folder())
        try source.fill()
        items = try Dumps.items(source)
    }

    private func item(_ kind: DumpItem.Kind) throws -> DumpItem { try #require(items.first { $0.kind == kind }) }

    /// The item of a value as it would be in a dump.
    private func value(
        _ entry: Entry, under key: Target = Sample.target, firstSeen: Int = 0, for seconds: Int = 86_400 * 500
    ) throws -> DumpItem {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(entry, under: key, at: .start + firstSeen, for: seconds)
        archive.close()
        return try #require(try Dumps.items(folder).first { $0.kind == .value })
    }

    @Test(arguments: [false, true])
    func exportOfAnImportHasTheSameBytes(expired: Bool) throws {
        let archive = try target.open()
        let outcomes = try archive.take(items, at: expired ? Folder.filled + 86_400 * 3650 : Folder.filled)
        #expect(outcomes == items.map { _ in .taken })
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        archive.close()
        #expect(try Dumps.bytes(try Dumps.items(target)) == Dumps.bytes(items))
        #expect(try findings(target).isEmpty)
    }

    private func findings(_ folder: Folder) throws -> [VerifyFinding] {
        var findings: [VerifyFinding] = []
        _ = try ArchiveReader.open(folder: folder.path).verify(
            threads: 2, progress: { _ in }, found: { findings.append($0) })
        return findings
    }

    @Test func whatIsHeldIsNotWrittenAgain() throws {
        let archive = try target.open()
        try archive.take(items)
        let last = try archive.statistics().journalLast
        #expect(try Set(archive.take(items)) == [.held])
        #expect(try archive.statistics().journalLast == last)
    }

    /// The base, then what came since, gives what exporting everything at the end gives.
    @Test func incrementsAddUp() throws {
        let archive = try target.open()
        try archive.take(items)
        let later = try source.open()
        let now = Folder.filled + 1000
        try later.store(try Sample.signed("v4", version: 4), at: now)
        try later.store(try Sample.unsigned("plain"), at: now + 1, for: 86_400)
        try later.store(try Sample.unsigned("new"), under: Target(hashing: "new"), at: now + 2)
        _ = try later.commit(
            [.withdraw(Target(hashing: "ours"), try Sample.signed("ours", version: 1))], at: now + 3)
        later.close()
        let increment = try Dumps.items(source, DumpHeader(since: now))
        #expect(increment.count < items.count)
        try archive.take(increment, at: now + 10)
        archive.close()
        #expect(try Dumps.items(target) == Dumps.items(source))
    }

    /// A publication that was stored again keeps the time of the first store, and what an import brings keeps all its times.
    @Test func exportSinceAMomentHasRepublishedPublicationsAndWhatAnImportBrought() throws {
        let archive = try source.open()
        let now = Folder.filled + 1000
        let ours = Target(hashing: "ours")
        try archive.store(
            try Sample.signed("ours", version: 2), under: ours, at: now, for: 86_400, from: .publishedHere)
        archive.close()
        let since = { try Dumps.items(self.source, DumpHeader(since: now)) }
        let publications = try since().filter { $0.kind == .publication }
        #expect(publications.map(\.target) == [ours.bits])

        // The journal says what is new; without it only the items' own times do.
        let other = try Folder()
        let beside = try other.open()
        let old = Target(hashing: "imported")
        try beside.store(try Sample.signed("old", version: 7), under: old, at: .start)
        beside.close()
        let again = try source.open()
        try again.take(try Dumps.items(other), at: now + 1)
        try again.endImport()
        again.close()
        #expect(try since().contains { $0.kind == .value && $0.target == old.bits })
        #expect(try since().count < Dumps.items(source).count)
        let reader = try ArchiveReader.open(folder: source.path)
        #expect(try ItemSource(reader, DumpHeader(since: now)).importsKnownSince == nil)
        let bytes = try Dumps.bytes(try since(), DumpHeader(since: now))
        #expect(try Dumps.read(bytes).items == since())
    }

    @Test func importGoesOnWhereItWas() throws {
        let archive = try target.open()
        try archive.take(Array(items.prefix(4)))
        #expect(try archive.importProgress()?.nextLeaf == 5)
        try archive.take(Array(items.dropFirst(4)), from: 5)
        try archive.endImport()
        #expect(try archive.importProgress() == nil)
        archive.close()
        #expect(try Dumps.items(target) == items)
    }

    /// Else nobody would hear of it any more, nor would it be offered again where there is room by now.
    @Test func importOfWhichSomethingWasRefusedBeginsAnew() throws {
        var forged = try item(.history)
        forged.body[forged.body.count - 1] ^= 1
        let archive = try target.open()
        try archive.take(Array(items.prefix(4)))
        #expect(try archive.importProgress()?.hasRefused == false)
        try archive.take([forged], from: 5)
        #expect(try archive.importProgress()?.hasRefused == true)
        archive.close()
    }

    @Test func wrongSignaturesAndContradictionsAreRefusedAndTheRestTaken() throws {
        var forged = try item(.history)
        forged.body[forged.body.count - 1] ^= 1
        var misplaced = try item(.value)
        misplaced.key[0] ^= 1
        misplaced.key[30] ^= 1
        let sound = try value(try Sample.unsigned("sound"), under: Target(hashing: "sound"))
        #expect(
            try target.open().take([forged, misplaced, sound]) == [.refused(.signature), .refused(.malformed), .taken])
    }

    @Test func everyFlippedBitOfASignedValueIsRefused() throws {
        let sound = try value(try Sample.signed("x", version: 3))
        let archive = try target.open()
        let entry = 68
        for bit in entry * 8..<sound.body.count * 8 {
            var flipped = sound
            flipped.body[bit / 8] ^= 1 << UInt8(bit % 8)
            let outcome = try archive.take([flipped])
            #expect(outcome == [.refused(.signature)] || outcome == [.refused(.malformed)], "bit \(bit)")
        }
        #expect(try archive.statistics().values == 0)
    }

    @Test func lowerVersionsAreNotTaken() throws {
        let archive = try target.open()
        try archive.store(try Sample.signed("mine", version: 5), at: Folder.filled)
        #expect(try archive.take([value(try Sample.signed("old", version: 4))]) == [.superseded])
        #expect(try archive.take([value(try Sample.signed("other", version: 5))]) == [.conflicting])
        #expect(try archive.evidence().count == 1)
        #expect(try archive.take([value(try Sample.signed("new", version: 6))]) == [.taken])
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).count == 1)
        #expect(try archive.records(of: Sample.target).map(\.entry) == [try Sample.signed("new", version: 6)])
    }

    @Test func floorsAreObeyedAndOnlyRaised() throws {
        let archive = try target.open()
        let floor = try item(.floor)
        #expect(try archive.take([floor]) == [.taken])
        #expect(try archive.take([floor]) == [.held])
        let gone = Target(hashing: "gone")
        #expect(try archive.take([value(try Sample.signed("lower", version: 8), under: gone)]) == [.superseded])
        #expect(try archive.take([value(try Sample.signed("higher", version: 10), under: gone)]) == [.taken])
        #expect(try archive.take([floor]) == [.held])
    }

    @Test func whatIsBarredIsRefused() throws {
        let archive = try target.open()
        _ = try archive.commit([.block(.signer(Sample.key.publicKey.mid))], at: .start)
        let outcomes = try archive.take(items)
        for (item, outcome) in zip(items, outcomes) {
            let isTheirs = item.kind == .history || item.kind == .floor
            if isTheirs { #expect(outcome == .refused(.blocked), "\(item.kind)") }
        }
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).isEmpty)
    }

    @Test func valuesOfSomebodyElseComeWithoutHisDecisions() throws {
        let archive = try target.open()
        let outcomes = try archive.take(items, .valuesOnly)
        for (item, outcome) in zip(items, outcomes) {
            let isDecision = [.pin, .block, .publication, .floor].contains(item.kind)
            #expect(outcome == (isDecision ? .leftOut : .taken), "\(item.kind)")
        }
        #expect(try archive.pins().isEmpty && archive.blocks().isEmpty && archive.publications().isEmpty)
        let record = try #require(try archive.records(of: Target(hashing: "ours")).first)
        #expect(record.provenance == .received(from: Mid(bits: .zero), at: .none))
    }

    @Test func nothingIsDisplaced() throws {
        var options = ArchiveOptions.small
        options.budgets.served = 400
        let archive = try target.open(options)
        try archive.store(try Sample.unsigned("mine"), under: Target(hashing: "mine"), at: Folder.filled)
        let more = try (0..<4).map { try value(try Sample.unsigned("\($0)"), under: Target(hashing: "\($0)")) }
        let outcomes = try archive.take(more)
        #expect(outcomes.contains(.taken) && outcomes.last == .refused(.budget))
        #expect(try archive.records(of: Target(hashing: "mine")).count == 1)
    }

    @Test func fullArchiveStopsTheImportAndItGoesOnFromThere() throws {
        var options = ArchiveOptions.small
        options.liveBytesMax = 0
        let full = try target.open(options)
        #expect(try Set(full.take(items)) == [.refused(.full)])
        #expect(try full.importProgress() == nil)
        full.close()
        let archive = try target.open()
        try archive.take(items)
        archive.close()
        #expect(try Dumps.items(target) == items)
    }

    @Test func sameValueKeepsWhatCameFirstAndLastsLongest() throws {
        let archive = try target.open()
        let entry = try Sample.unsigned("same")
        try archive.store(entry, at: .start + 500, for: 1000)
        let earlier = try value(entry, firstSeen: 100, for: 2000)
        #expect(try archive.take([earlier], at: .start + 600) == [.taken])
        let record = try #require(try archive.records(of: Sample.target).first)
        #expect(record.firstSeen == .start + 100 && record.lastStored == .start + 500)
        #expect(record.expiresAt == .start + 2100)
        #expect(try findingsAfterClosing(archive).isEmpty)
    }

    private func findingsAfterClosing(_ archive: Archive) throws -> [VerifyFinding] {
        try archive.followToEnd()
        archive.close()
        return try findings(target)
    }

    @Test func historyOfAnotherCourseIsNotMixedIn() throws {
        let archive = try target.open()
        for version in 1...3 {
            try archive.store(
                try Sample.signed("here \(version)", version: UInt32(version)), at: Folder.filled + version)
        }
        let outcomes = try archive.take(items.filter { $0.kind == .history })
        #expect(Set(outcomes) == [.conflicting])
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).count == 2)
    }

    @Test func nothingThatAStrangerSaysLiesAheadOrIsServedForLonger() throws {
        let now = Folder.filled
        let ahead = Int((now - .start) / .seconds(1)) + 86_400
        let entry = try Sample.unsigned("from the future")
        let item = try value(entry, firstSeen: ahead)
        for (mode, isBelieved) in [(ImportMode.valuesOnly, false), (.everything, true)] {
            let archive = try Folder().open()
            #expect(try archive.take([item], mode, at: now) == [.taken])
            let record = try #require(try archive.records(of: Sample.target).first)
            #expect((record.firstSeen > now) == isBelieved)
            #expect((record.lastStored > now) == isBelieved)
            #expect((record.expiresAt > now + 3600) == isBelieved)
            #expect(try archive.accountsAreRight())
        }
    }
    @Test func commitsAreSmallerOnASlowMachine() {
        var pace = CommitPace(itemsMax: 256, durationMax: .milliseconds(30))
        pace.note(.milliseconds(31))
        #expect(pace.items == 128)
        pace.note(.milliseconds(20))
        #expect(pace.items == 128)
        for _ in 0..<10 { pace.note(.seconds(1)) }
        #expect(pace.items == 16)
        for _ in 0..<10 { pace.note(.milliseconds(14)) }
        #expect(pace.items == 256)
        var unhurried = CommitPace(itemsMax: 4096)
        unhurried.note(.seconds(9))
        #expect(unhurried.items == 4096)
    }
}
