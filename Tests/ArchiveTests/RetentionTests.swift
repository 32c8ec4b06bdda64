import IPv8
import Testing

@testable import Archive

@Suite struct RetentionTests {
    private static let day = 86_400

    private static var options: ArchiveOptions {
        var options = ArchiveOptions.small
        options.retention.signed = .seconds(20 * day)
        options.retention.unsigned = .seconds(2 * day)
        return options
    }

    @Test func expiredValueStaysReadableForItsRetentionAndIsRemovedThen() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        let (signed, unsigned) = (try Sample.signed("x", version: 3), try Sample.unsigned("y"))
        try archive.store(signed, unsigned)
        try archive.sweepRound(at: .start + 3600)
        #expect(try archive.records(of: Sample.target).count == 2)  // expired just now, may be stored again soon
        try archive.sweepRound(at: .start + 7200)
        #expect(try archive.records(of: Sample.target).isEmpty)
        #expect(try archive.served(at: .start + 7200).isEmpty)
        #expect(try archive.retainedRecords(of: Sample.target).map(\.entry) == [signed, unsigned])
        try archive.sweepRound(at: .start + 3600 + 2 * RetentionTests.day)
        #expect(try archive.retainedRecords(of: Sample.target).map(\.entry) == [signed])
        try archive.sweepRound(at: .start + 3600 + 20 * RetentionTests.day)
        #expect(try archive.retainedRecords(of: Sample.target).isEmpty)
        #expect(try archive.statistics().values == 0)
        #expect(try archive.statistics().keys == 0)
        #expect(archive.keepingCounters["retired"] == 2)
        #expect(archive.keepingCounters["removed"] == 2)
        try archive.followToEnd()
        #expect(try archive.indexDifferences().isEmpty)
        #expect(try archive.accountsAreRight())
    }

    @Test func nothingIsDeletedWhileTheClockIsNotSteady() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        try archive.store(try Sample.unsigned("y"))
        let result = try archive.sweep(at: .start + 900 * RetentionTests.day, limit: 100, clockIsSteady: false)
        #expect(result == SweepResult())
        #expect(try archive.served().count == 1)
    }

    @Test func whatAWrongClockHidIsServedAgainOnceItIsRight() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        let entry = try Sample.signed("x", version: 3)
        try archive.store(entry)
        try archive.sweepRound(at: .start + RetentionTests.day)
        #expect(try archive.served().isEmpty)
        try archive.sweepRound(at: .start + 60)
        #expect(try archive.served(at: .start + 60) == [entry.bytes])
        #expect(try archive.accountsAreRight())
    }

    @Test func publishedAndPinnedValuesOutlastAllRetention() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        let (mine, pinned, gone) = (try Sample.unsigned("mine"), try Sample.signed("pinned", version: 1), "gone")
        try archive.store(mine, from: .publishedHere)
        try archive.store(pinned, try Sample.unsigned(gone))
        _ = try archive.commit([.pin(.signer(Sample.key.publicKey.mid))], at: .start)
        let later = Instant.start + 9000 * RetentionTests.day
        for _ in 0..<3 { try archive.sweepRound(at: later) }
        #expect(Set(try archive.retainedRecords(of: Sample.target).map(\.entry)) == [mine, pinned])
        _ = try archive.commit([.unpin(.signer(Sample.key.publicKey.mid)), .withdraw(Sample.target, mine)], at: later)
        try archive.sweepRound(at: later)
        #expect(try archive.retainedRecords(of: Sample.target).isEmpty)
        #expect(try archive.accountsAreRight())
    }

    @Test func retainedValueComesBackAsItWas() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        let entry = try Sample.signed("x", version: 3)
        try archive.store(entry)
        let later = Instant.start + RetentionTests.day
        try archive.sweepRound(at: later)
        #expect(try archive.store(entry, at: later) == [.refreshed])
        #expect(try archive.served(at: later) == [entry.bytes])
        #expect(try archive.records(of: Sample.target).first?.firstSeen == .start)
        #expect(try archive.retainedRecords(of: Sample.target).isEmpty)
        #expect(try archive.accountsAreRight())
    }

    @Test func versionsDoNotGoBackBehindTheServingWindow() throws {
        let folder = try Folder()
        var archive = try folder.open(RetentionTests.options)
        try archive.store(try Sample.signed("x", version: 7))
        var later = Instant.start + RetentionTests.day
        try archive.sweepRound(at: later)
        let older = try Sample.signed("old", version: 6)
        #expect(try archive.store(older, at: later) == [.superseded])
        let newer = try Sample.signed("new", version: 8)
        #expect(try archive.store(newer, at: later) == [.replaced])
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).count == 1)
        // Both over retention, the history goes with the value, and the floor stays.
        later = later + 100 * RetentionTests.day
        for _ in 0..<2 { try archive.sweepRound(at: later) }
        #expect(try archive.retainedRecords(of: Sample.target).isEmpty)
        #expect(try archive.history(of: Sample.target, signer: Sample.key.publicKey.mid).isEmpty)
        archive.close()
        archive = try folder.open(RetentionTests.options)
        #expect(try archive.store(try Sample.signed("x", version: 7), at: later) == [.superseded])
        #expect(try archive.store(newer, at: later) == [.stored])
        #expect(try archive.store(try Sample.signed("x", version: 7), at: later) == [.superseded])
        #expect(try archive.count(.floors) == 0)  // its record carries the version again
        #expect(try archive.accountsAreRight())
    }

    @Test func displacedValueIsRetained() throws {
        var options = RetentionTests.options
        options.signedPerTargetMax = 1
        let archive = try Folder().openKept(options)
        let (first, second) = (
            try Sample.signed("x", version: 7), try Sample.signed("y", version: 1, by: Sample.otherKey)
        )
        try archive.store(first, for: 10)
        #expect(try archive.store(second, at: .start + 50) == [.stored])
        #expect(try archive.retainedRecords(of: Sample.target).map(\.entry) == [first])
        #expect(try archive.store(first, at: .start + 60) == [.refused(.targetQuota)])
    }

    @Test func sweepGoesOnInBoundedSteps() throws {
        let archive = try Folder().openKept(RetentionTests.options)
        for number in 0..<25 { try archive.store(try Sample.unsigned("x"), under: Target(hashing: "\(number)")) }
        let later = Instant.start + 7200
        var steps: [SweepResult] = []
        repeat { steps.append(try archive.sweep(at: later, limit: 10)) } while steps.last?.endsRound == false
        #expect(steps.map(\.changed).prefix(3) == [10, 10, 5])
        #expect(steps.allSatisfy { $0.examined <= 10 })
        #expect(try archive.count(.retained) == 25)
    }

    @Test func deletingWorksWhereNothingElseIsTaken() throws {
        let folder = try Folder()
        var options = RetentionTests.options
        options.mapBytes = 2 << 20
        let archive = try folder.open(options)
        let long = try Entry(unsigned: [UInt8](repeating: 7, count: 169))
        var outcome: StoreOutcome?
        var count = 0
        repeat {
            count += 1
            let changes = (0..<8).map { number in
                ArchiveChange.store(
                    StoreChange(
                        target: Target(hashing: "\(count) \(number)"), entries: [long], expiresAt: .start + 3600,
                        provenance: Sample.received))
            }
            guard case .store(let outcomes)? = try archive.commit(changes, at: .start).last else { break }
            outcome = outcomes.first
        } while outcome == .stored
        #expect(outcome == .refused(.diskReserve))
        archive.close()
        options.diskReserveBytes = .max
        let full = try folder.open(options)
        let before = try full.statistics().values
        #expect(before > 1000)
        try full.sweepRound(at: .start + 7200)
        #expect(try full.statistics().values == 0)
        try full.sweepRound(at: .start + 100 * RetentionTests.day)
        #expect(try full.count(.retained) == 0)
        full.close()
        options.diskReserveBytes = 0
        #expect(try folder.open(options).store(try Sample.unsigned("x")) == [.stored])
    }
}
