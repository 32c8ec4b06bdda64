import IPv8
import Testing

@testable import Archive

@Suite struct PageTests {
    @Test func ownersComeFirstThenSignedThenUnsigned() throws {
        let archive = try Folder().openKept()
        let target = Target(bits: Sample.key.publicKey.mid.bits)
        let owner = try Sample.signed("owner", version: 1)
        let signed = try Sample.signed("signed", version: 900, by: Sample.otherKey)
        let unsigned = try Sample.unsigned("unsigned")
        try archive.store(unsigned, signed, owner, under: target)
        #expect(try archive.served(target) == [owner.bytes, signed.bytes, unsigned.bytes])
    }

    @Test func newestVersionComesFirstAmongSigned() throws {
        let archive = try Folder().openKept()
        let entries = try (1...12).map { number in
            try Sample.signed("v", version: UInt32(number * 7 % 13), by: Sample.makeKey(UInt8(number)))
        }
        for entry in entries { try archive.store(entry) }
        let expected = entries.sorted { ($0.signature?.version.number ?? 0) > ($1.signature?.version.number ?? 0) }
        #expect(try archive.served() == expected.map(\.bytes))
    }

    @Test func lastComerIsFirstAmongUnsignedAndARefreshMovesNothing() throws {
        let archive = try Folder().openKept()
        let entries = try (0..<5).map { try Sample.unsigned("number \($0)") }
        for (second, entry) in entries.enumerated() { try archive.store(entry, at: .start + second) }
        try archive.store(entries[0], at: .start + 900, for: 9000)
        #expect(try archive.served(at: .start + 900) == entries.reversed().map(\.bytes))
    }

    @Test func pagesJoinWithoutGapOrOverlap() throws {
        let archive = try Folder().openKept()
        let entries = try (0..<21).map { try Sample.unsigned("number \($0)") }
        for (second, entry) in entries.enumerated() { try archive.store(entry, at: .start + second) }
        let now = Instant.start + 100
        let pages = try [0, 8, 16, 24].map { try archive.page(of: Sample.target, offset: $0, limit: 8, at: now) }
        #expect(pages.map(\.count) == [8, 8, 5, 0])
        #expect(pages.flatMap { $0 } == entries.reversed().map(\.bytes))
        #expect(try archive.page(of: Sample.target, offset: -1, limit: 8, at: now).isEmpty)
        #expect(try archive.page(of: Sample.target, offset: .max, limit: .max, at: now).isEmpty)
    }

    @Test func neighbouringTargetsDoNotMix() throws {
        let archive = try Folder().openKept()
        let bits = Sample.target.bits
        let after = Target(bits: Bits160(high: bits.high, middle: bits.middle, low: bits.low &+ 1))
        let before = Target(bits: Bits160(high: bits.high, middle: bits.middle, low: bits.low &- 1))
        for target in [before, after] { try archive.store(try Sample.unsigned("\(target)"), under: target) }
        #expect(try archive.served().isEmpty)
        #expect(try archive.served(before) == [try Sample.unsigned("\(before)").bytes])
    }

    @Test func expiryIsAComparison() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("x")
        try archive.store(entry, for: 100)
        #expect(try archive.served(at: .start + 99) == [entry.bytes])
        #expect(try archive.served(at: .start + 100).isEmpty)
        #expect(try archive.served(at: .start + 1_000_000_000).isEmpty)
        #expect(try archive.records(of: Sample.target).count == 1)
        #expect(try archive.served(at: .start + 1) == [entry.bytes])
    }

    @Test func expiredValuesTakeNoPlaceInAPage() throws {
        let archive = try Folder().openKept()
        for number in 0..<8 {
            try archive.store(try Sample.unsigned("short \(number)"), at: .start + (number + 10), for: 20)
        }
        let entry = try Sample.unsigned("long")
        try archive.store(entry, for: 1000)
        #expect(try archive.page(of: Sample.target, offset: 0, limit: 8, at: .start + 500) == [entry.bytes])
    }

    @Test func readersSeeWholeGroupsWhileAWriterCommits() async throws {
        let archive = try Folder().openKept()
        try PageTests.storeRound(1, in: archive)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 2..<60 { try PageTests.storeRound(UInt32(round), in: archive) }
            }
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<400 {
                        let versions = try archive.served().map { try Entry(bytes: $0).signature?.version }
                        #expect(versions.count == 4 && Set(versions).count == 1)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func storeRound(_ round: UInt32, in archive: Archive) throws {
        let entries = try (1...4).map { try Sample.signed("v", version: round, by: Sample.makeKey(UInt8($0))) }
        try archive.store(entries[0], entries[1], entries[2], entries[3])
    }
}
