import IPv8
import Testing

@testable import Archive

@Suite struct ForgetTests {
    private static let secret = "forget me, please"
    private let signer = Sample.key.publicKey.mid

    /// Some of everything under a target: values, retained and damaged ones, earlier versions, evidence, a floor.
    private func fill(_ archive: Archive, _ target: Target) throws {
        let secret = ForgetTests.secret
        for version in 1...3 {
            try archive.store(try Sample.signed("\(secret) \(version)", version: UInt32(version)), under: target)
        }
        try archive.store(try Sample.signed("\(secret) x", version: 3), under: target)
        try archive.store(try Sample.signed(secret, version: 1, by: Sample.otherKey), under: target, for: 10)
        try archive.store(try Sample.unsigned("mine \(secret)"), under: target, from: .publishedHere)
        let unsigned = try Sample.unsigned("also \(secret)")
        try archive.store(unsigned, under: target)
        let key = EntryKey(target: target, entry: unsigned).bytes
        var record = try archive.rawRecord(.entries, key) ?? []
        record[9] ^= 1
        try archive.putRaw(.entries, key, record)
        try archive.store(unsigned, under: target)
        try archive.sweepRound(at: .start + 4000)
    }

    @Test func keyLeavesNoByteOfItsValuesInAnyRecord() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let other = Target(hashing: "another")
        try fill(archive, Sample.target)
        _ = try archive.commit([.pin(.key(Sample.target))], at: .start)
        try archive.store(try Sample.unsigned("neighbour"), under: other)
        let before = try archive.tables(containing: Array(ForgetTests.secret.utf8))
        #expect(before == ["entries", "quarantine", "history", "retained", "evidence"])
        let erased = try archive.forget(.key(Sample.target), block: false, at: .start + 5000)
        #expect(erased >= 8)
        #expect(try archive.tables(containing: Array(ForgetTests.secret.utf8)).isEmpty)
        #expect(try archive.tables(containing: Sample.key.publicKey.bytes).isEmpty)
        #expect(try archive.count(.publications) == 0)
        #expect(try archive.count(.floors) == 0)
        #expect(try archive.pins().isEmpty)
        #expect(try archive.served(other).count == 1)
        #expect(try archive.statistics().values == 1)
        #expect(try archive.accountsAreRight())
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try archive.store(try Sample.signed("back", version: 1)) == [.stored])
    }

    @Test(arguments: [false, true]) func manySubjectsAreForgottenInOneWalk(withSigner: Bool) throws {
        let archive = try Folder().openKept()
        let targets = (0..<600).map { Target(hashing: "\($0)") }
        for target in targets { try archive.store(try Sample.unsigned("value"), under: target) }
        for target in targets.prefix(9) { try fill(archive, target) }
        let subjects = targets.prefix(500).map { ArchiveSubject.key($0) } + (withSigner ? [.signer(signer)] : [])
        var erasure = Archive.Erasure(of: Set(subjects), block: true)
        while !erasure.isDone { try archive.advance(&erasure, at: .start + 5000) }
        #expect(erasure.erasedCount >= 500)
        for target in targets.prefix(500) { #expect(try archive.records(of: target).isEmpty) }
        for target in targets.dropFirst(500) { #expect(try archive.records(of: target).count == 1) }
        #expect(try archive.tables(containing: Array(ForgetTests.secret.utf8)).isEmpty)
        #expect(try Set(archive.blocks()) == Set(subjects))
        #expect(try archive.accountsAreRight())
    }

    /// A kill may come between any two steps.
    @Test func archiveIsSoundAfterEachStep() throws {
        let folder = try Folder()
        let archive = try folder.open()
        for number in 0..<40 {
            try archive.store(
                try Sample.signed("x", version: 1), under: Target(hashing: "\(number)"), from: .publishedHere)
        }
        var erasure = Archive.Erasure(of: .signer(signer), block: false)
        var steps = 0
        while !erasure.isDone {
            try archive.advance(&erasure, at: .start + 5000)
            steps += 1
            let copy = try Folder()
            _ = try archive.copy(into: copy.path)
            let reader = try ArchiveReader.open(folder: copy.path)
            _ = try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0), after step \(steps)") })
        }
        #expect(steps > 5 && erasure.erasedCount == 80)
        archive.close()
    }

    @Test func signerIsForgottenUnderEveryKeyAndNobodyElseIs() throws {
        let archive = try Folder().openKept()
        let targets = (0..<30).map { Target(hashing: "\($0)") }
        for target in targets { try fill(archive, target) }
        _ = try archive.forget(.signer(signer), block: false, at: .start + 5000)
        #expect(try archive.tables(containing: Sample.key.publicKey.bytes).isEmpty)
        #expect(try archive.evidence().isEmpty)
        for target in targets {
            #expect(try archive.history(of: target, signer: signer).isEmpty)
            #expect(
                try archive.retainedRecords(of: target).contains {
                    $0.entry.id.bits == Sample.otherKey.publicKey.mid.bits
                })
        }
        #expect(try archive.accountsAreRight())
    }

    @Test func blockBarsTheReturnUntilItIsLifted() throws {
        let folder = try Folder()
        var archive = try folder.open()
        let entry = try Sample.signed("x", version: 1)
        try archive.store(entry)
        _ = try archive.forget(.signer(signer), block: true, at: .start)
        archive.close()
        archive = try folder.open()
        let outcomes = try archive.store(entry, try Sample.unsigned("y"))
        #expect(outcomes == [.refused(.blocked), .stored])
        #expect(outcomes.map(\.isHeld) == [false, true])  // not acknowledged: it is not held
        #expect(archive.keepingCounters["refused.blocked"] == 1)
        #expect(try archive.store(entry, from: .publishedHere) == [.refused(.blocked)])
        #expect(try archive.blocks() == [.signer(signer)])
        #expect(try archive.isBlocked(anyOf: [.key(Sample.target), .signer(signer)]))
        _ = try archive.commit([.unblock(.signer(signer))], at: .start)
        #expect(try archive.store(entry) == [.stored])
        _ = try archive.forget(.key(Sample.target), block: true, at: .start)
        #expect(try archive.store(try Sample.unsigned("z")) == [.refused(.blocked)])
    }

    @Test func pinsAndPublicationsComeBackAfterReopening() throws {
        let folder = try Folder()
        let archive = try folder.open()
        let mine = try Sample.signed("mine", version: 4)
        let subjects: [ArchiveSubject] = [.key(Sample.target), .signer(signer)]
        #expect(
            try archive.commit(subjects.map { .pin($0) }, at: .start) == [.done(changed: true), .done(changed: true)])
        #expect(try archive.commit([.pin(subjects[0])], at: .start) == [.done(changed: false)])
        try archive.store(mine, at: .start + 5, from: .publishedHere)
        _ = try archive.commit([.withdraw(Sample.target, mine)], at: .start + 9)
        archive.close()
        let reopened = try folder.open()
        #expect(try reopened.pins() == subjects)
        let publication = ArchivedPublication(
            target: Sample.target, id: mine.id, version: Version(4), published: .start + 5, withdrawn: .start + 9)
        #expect(try reopened.publications() == [publication])
        #expect(try reopened.records(of: Sample.target).first?.isWithdrawn == true)
        #expect(try reopened.commit([.withdraw(Sample.target, mine)], at: .start) == [.done(changed: false)])
        try reopened.store(mine, at: .start + 20, from: .publishedHere)
        #expect(try reopened.publications().first?.published == .start + 20)
        #expect(try reopened.publications().first?.withdrawn == nil)
        #expect(try reopened.commit([.unpin(subjects[1])], at: .start) == [.done(changed: true)])
        #expect(try reopened.pins() == [subjects[0]])
    }

    @Test func whatCannotBeBarredForWantOfRoomIsSaidToBeSo() throws {
        var options = ArchiveOptions.small
        options.liveBytesMax = 0
        let archive = try Folder().open(options)
        #expect(throws: ArchiveError.refused(.quota)) {
            try archive.forget(.key(Sample.target), block: true, at: .start)
        }
        #expect("\(ArchiveError.refused(.quota))".contains("raise archive.size_limit"))
    }
}
