import IPv8
import Testing

@testable import Archive

@Suite struct BudgetTests {
    /// What an unsigned value of one letter takes: key, checksum and format, facts, entry.
    private static let smallCharge = 41 + 9 + 68 + 2

    /// A served budget for so many unsigned values of one letter.
    private func archive(values: Int, _ change: (inout ArchiveOptions) -> Void = { _ in }) throws -> Archive {
        var options = ArchiveOptions.small
        options.budgets.served = values * BudgetTests.smallCharge
        change(&options)
        return try Folder().openKept(options)
    }

    private func letter(_ number: Int) throws -> Entry { try Entry(unsigned: [UInt8(truncatingIfNeeded: number)]) }

    private func target(_ number: Int) -> Target { Target(hashing: "\(number)") }

    @Test func budgetHoldsExactly() throws {
        let archive = try archive(values: 10)
        for number in 0..<50 {
            try archive.store(try letter(number), under: target(number), at: .start + number)
            #expect(try archive.charged(.served).bytes == min(number + 1, 10) * BudgetTests.smallCharge)
        }
        #expect(try archive.statistics().values == 10)
        #expect(try archive.statistics().keys == 10)
        #expect(archive.keepingCounters["evicted.served"] == 40)
        #expect(try archive.accountsAreRight())
    }

    /// There may be millions too many, and no commit is to wait for all of them.
    @Test func loweredBudgetIsReachedLittleByLittle() throws {
        let folder = try Folder()
        var options = ArchiveOptions.small
        let before = try folder.open(options)
        for number in 0..<100 { try before.store(try letter(number), under: target(number), at: .start + number) }
        before.close()
        options.budgets.served = 20 * BudgetTests.smallCharge
        let archive = try folder.open(options)
        defer { archive.close() }
        var counts = [100]
        for number in 100..<110 {
            try archive.store(try letter(number), under: target(number), at: .start + number)
            counts.append(try archive.statistics().values)
        }
        #expect(counts == [100, 85, 70, 55, 40, 25, 20, 20, 20, 20, 20])
        #expect(try archive.accountsAreRight())
    }

    @Test func prefixThatHoldsMostGivesUpItsOldestFirst() throws {
        let archive = try archive(values: 10)
        for number in 0..<3 { try archive.store(try letter(number), under: target(number), from: .from(1)) }
        for number in 3..<10 {
            try archive.store(try letter(number), under: target(number), at: .start + number, from: .from(2))
        }
        // A third prefix comes: the second one, which holds seven, gives up its oldest, then the next.
        for number in 10..<12 {
            try archive.store(try letter(number), under: target(number), at: .start + number, from: .from(3))
        }
        let held = try (0..<12).filter { try !archive.records(of: target($0)).isEmpty }
        #expect(held == [0, 1, 2, 5, 6, 7, 8, 9, 10, 11])
        #expect(try archive.accountsAreRight())
    }

    @Test func refreshMakesNothingYounger() throws {
        let archive = try archive(values: 2)
        try archive.store(try letter(0), under: target(0))
        try archive.store(try letter(1), under: target(1), at: .start + 1)
        try archive.store(try letter(0), under: target(0), at: .start + 600, for: 9000)
        try archive.store(try letter(2), under: target(2), at: .start + 700)
        #expect(try archive.records(of: target(0)).isEmpty)
    }

    @Test func shareThatIsFullOfWhatStaysIsAShortageAndOneOfStrangersIsNone() throws {
        let archive = try archive(values: 10)
        for number in 0..<20 { try archive.store(try letter(number), under: target(number), at: .start + number) }
        #expect(try archive.shortage() == nil)
        for number in 20..<30 {
            try archive.store(try letter(number), under: target(number), at: .start + number, from: .publishedHere)
        }
        #expect(try archive.shortage() == .budget)
        #expect(try archive.store(try letter(30), under: target(30), at: .start + 30) == [.refused(.budget)])
        _ = try archive.commit(try (20..<25).map { .withdraw(target($0), try letter($0)) }, at: .start + 31)
        try archive.sweepRound(at: .start + 32)
        #expect(try archive.shortage() == nil)
        #expect(try archive.store(try letter(30), under: target(30), at: .start + 33) == [.stored])
    }

    @Test func whatIsPublishedHereOrPinnedIsRefusedRatherThanGivenUp() throws {
        let archive = try archive(values: 4)
        for number in 0..<2 { try archive.store(try letter(number), under: target(number), from: .publishedHere) }
        _ = try archive.commit([.pin(.key(target(2))), .pin(.key(target(3)))], at: .start)
        for number in 2..<4 { try archive.store(try letter(number), under: target(number)) }
        let late = Instant.start + 60
        #expect(try archive.store(try letter(9), under: target(9), at: late) == [.refused(.budget)])
        #expect(
            try archive.store(try letter(9), under: target(9), at: late, from: .publishedHere) == [.refused(.budget)])
        #expect(archive.keepingCounters["refused.budget"] == 2)
        for number in 0..<4 { #expect(try archive.records(of: target(number)).count == 1) }
        _ = try archive.commit([.unpin(.key(target(2)))], at: late)
        #expect(try archive.store(try letter(9), under: target(9), at: late) == [.stored])
        #expect(try archive.records(of: target(2)).isEmpty)
        #expect(try archive.accountsAreRight())
    }

    @Test func whatWasPinnedAfterItCameIsFoundOutAndKept() throws {
        let archive = try archive(values: 3)
        for number in 0..<3 { try archive.store(try letter(number), under: target(number), at: .start + number) }
        _ = try archive.commit([.pin(.key(target(0)))], at: .start + 5)
        for number in 3..<9 { try archive.store(try letter(number), under: target(number), at: .start + number * 10) }
        #expect(try archive.records(of: target(0)).count == 1)
        #expect(try archive.records(of: target(8)).count == 1)
        #expect(try archive.accountsAreRight())
    }

    @Test func sweepChargesWhatIsPinnedAndUnpinnedToWhomItBelongs() throws {
        let archive = try archive(values: 9)
        try archive.store(try Sample.signed("x", version: 1))
        _ = try archive.commit([.pin(.signer(Sample.key.publicKey.mid))], at: .start)
        try archive.sweepRound(at: .start)
        let own = Account(budget: .served, source: .theOperator)
        let holding = { () throws in try archive.rawRecord(.holdings, AccountKey.holding(own)) }
        #expect(try holding() != nil)
        _ = try archive.commit([.unpin(.signer(Sample.key.publicKey.mid))], at: .start)
        try archive.sweepRound(at: .start)
        #expect(try holding() == nil)
        #expect(try archive.accountsAreRight())
    }

    @Test func nothingThatIsAboutToBeAcknowledgedIsGivenUp() throws {
        let archive = try archive(values: 5)
        let changes = try (0..<8).map { number in
            ArchiveChange.store(
                StoreChange(
                    target: target(number), entries: [try letter(number)], expiresAt: .start + 60,
                    provenance: Sample.received))
        }
        let outcomes = try archive.commit(changes, at: .start)
        for (number, outcome) in outcomes.enumerated() {
            let isHeld = try archive.records(of: target(number)).count == 1
            #expect(outcome == (isHeld ? .store([.stored]) : .store([.refused(.budget)])))
        }
        #expect(try archive.statistics().values == 5)
    }

    @Test func versionsDoNotGoBackAfterEviction() throws {
        let folder = try Folder()
        var options = ArchiveOptions.small
        options.budgets.served = 600
        let archive = try folder.open(options)
        try archive.store(try Sample.signed("x", version: 7), under: target(0))
        for number in 1..<9 { try archive.store(try letter(number), under: target(number), at: .start + number) }
        #expect(try archive.records(of: target(0)).isEmpty)
        archive.close()
        let reopened = try folder.open(options)
        let older = try Sample.signed("x", version: 6)
        #expect(try reopened.store(older, under: target(0), at: .start + 20) == [.superseded])
        let same = try Sample.signed("x", version: 7)
        #expect(try reopened.store(same, under: target(0), at: .start + 20) == [.stored])
        #expect(try reopened.accountsAreRight())
    }

    @Test func floorsHaveABudgetAndOutlastItWhileTheirHistoryStays() throws {
        let archive = try archive(values: 3) { $0.budgets.floors = 4 * FloorRecord.charge }
        try archive.store(try Sample.signed("a", version: 1), under: target(0))
        try archive.store(try Sample.signed("b", version: 2), under: target(0), at: .start + 1)
        for number in 1..<40 {
            let key = Sample.makeKey(UInt8(50 + number))
            let entry = try Sample.signed("x", version: 5, by: key)
            try archive.store(entry, under: target(number), at: .start + number * 10)
            #expect(try archive.charged(.floors).bytes <= 4 * FloorRecord.charge)
        }
        #expect(try archive.count(.floors) == 4)
        #expect(try archive.history(of: target(0), signer: Sample.key.publicKey.mid).count == 1)
        let older = try Sample.signed("a", version: 1)
        #expect(try archive.store(older, under: target(0), at: .start + 1000) == [.superseded])
        #expect(try archive.accountsAreRight())
    }

    @Test func damagedAccountsCostNoValueAndAreMended() throws {
        let archive = try archive(values: 4)
        for number in 0..<4 { try archive.store(try letter(number), under: target(number), at: .start + number) }
        let account = AccountKey.holding(Account(budget: .served, source: Source(Sample.address.host)))
        try archive.putRaw(.holdings, account, [1, 2, 3])
        for number in 4..<12 {
            let outcome = try archive.store(try letter(number), under: target(number), at: .start + number).first
            #expect(outcome == .stored || outcome == .refused(.budget))
        }
        #expect(try archive.charged(.served).bytes == 4 * BudgetTests.smallCharge)
        #expect(archive.damagedRecords.contains(DamagedRecord(table: "holdings", key: account)))
    }
}
