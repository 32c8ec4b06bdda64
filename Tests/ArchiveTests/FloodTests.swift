import IPv8
import Testing

@testable import Archive

/// A flood fills its own budgets and pushes out nothing else.
@Suite struct FloodTests {
    /// The values of forty honest peers, each in a prefix of its own, with history and evidence; some have expired.
    private struct Honest {
        let archive: Archive
        let targets = (0..<40).map { Target(hashing: "honest \($0)") }

        init() throws {
            var options = ArchiveOptions.small
            options.budgets = Budgets(sharing: 1_000_000)
            options.retention.unsigned = nil
            archive = try Folder().openKept(options)
            for (number, target) in targets.enumerated() {
                let origin = Provenance.from(number)
                for version in 1...3 {
                    let entry = try Sample.signed("v\(version)", version: UInt32(version))
                    try archive.store(entry, under: target, at: .start + version, for: 1_000_000, from: origin)
                }
                let twice = try Sample.signed("other", version: 3)
                try archive.store(twice, under: target, at: .start + 5, for: 1_000_000, from: origin)
                try archive.store(try Sample.unsigned("expired"), under: target, for: 10, from: origin)
            }
            try archive.sweepRound(at: .start + 7200)
        }

        /// What there is of all that: served, retained, earlier versions, evidence.
        func held() throws -> [Int] {
            let signer = Sample.key.publicKey.mid
            let now = Instant.start + 8000
            return [
                try targets.reduce(0) { $0 + (try archive.served($1, at: now).count) },
                try targets.reduce(0) { $0 + (try archive.retainedRecords(of: $1).count) },
                try targets.reduce(0) { $0 + (try archive.history(of: $1, signer: signer).count) },
                try archive.evidence().count { $0.signer == signer },
            ]
        }
    }

    private enum Flood: String, CaseIterable {
        case unsigned, signers, versions, expired
    }

    /// A flood from eight prefixes, in groups as they come off the wire.
    private func flood(_ archive: Archive, with flood: Flood, count: Int) throws {
        var group: [ArchiveChange] = []
        for number in 0..<count {
            let entry: Entry
            var target = Target(hashing: "flood \(number)")
            switch flood {
            case .unsigned, .expired: entry = try Sample.unsigned("flood \(number)")
            case .signers: entry = try Sample.signed("f", version: 1, by: Sample.makeKey(UInt8(10 + number % 200)))
            case .versions:
                target = Target(hashing: "flood \(number % 50)")
                let key = Sample.makeKey(UInt8(10 + number % 50))
                entry = try Sample.signed("\(number)", version: UInt32(1 + number), by: key)
            }
            group.append(
                .store(
                    StoreChange(
                        target: target, entries: [entry], expiresAt: .start + (flood == .expired ? 3600 : 1_000_000),
                        provenance: .from(1000 + number % 8))))
            guard group.count == 64 || number == count - 1 else { continue }
            _ = try archive.commit(group, at: .start + 7300 + .milliseconds(number))
            group.removeAll()
            if flood == .expired, number % 512 == 511 {
                try archive.sweepRound(at: .start + 7300 + .milliseconds(number))
            }
        }
    }

    @Test(arguments: Flood.allCases)
    private func pushesOutNothingButItself(_ flood: Flood) throws {
        let honest = try Honest()
        let before = try honest.held()
        #expect(before == [40, 40, 80, 40])
        try self.flood(honest.archive, with: flood, count: 2500)
        let after = try honest.held()
        #expect(after == before)
        let archive = honest.archive
        var figures: [String] = []
        for budget in Budget.allCases {
            let held = try archive.charged(budget)
            #expect(held.bytes <= archive.options.budgets[budget])
            figures.append(
                "\(budget.name) \(held.count) records, \(held.bytes) of \(archive.options.budgets[budget]) bytes")
        }
        let evicted = archive.keepingCounters.filter { $0.key.hasPrefix("evicted") }.values.reduce(0, +)
        #expect(evicted > 500)
        #expect(try archive.accountsAreRight())
        print(
            "2500 values of the flood \(flood): honest \(after); \(evicted) evicted; \(figures.joined(separator: "; "))"
        )
    }
}
