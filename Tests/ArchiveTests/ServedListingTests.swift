import IPv8
import Testing

@testable import Archive

@Suite struct ServedListingTests {
    private func target(_ number: Int) -> Target {
        Target(bits: Bits160(high: UInt64(number), middle: 0, low: 0))
    }

    /// All parts of a listing, one after the other.
    private func parts(of archive: Archive, limit: Int, at now: Instant = .start) throws -> [ServedListing] {
        var parts = [try archive.servedListing(after: nil, limit: limit, at: now)]
        while let next = parts.last?.next, parts.count < 100 {
            parts.append(try archive.servedListing(after: next, limit: limit, at: now))
        }
        return parts
    }

    @Test func aListingGoesThroughAllKeysOnceAndEndsWithWholeKeys() throws {
        let archive = try Folder().openKept()
        for number in 0..<10 {
            for copy in 0..<3 { try archive.store(try Sample.unsigned("\(number).\(copy)"), under: target(number)) }
        }
        let parts = try parts(of: archive, limit: 4)
        #expect(parts.map(\.values.count) == [6, 6, 6, 6, 6])
        #expect(parts.flatMap(\.values).map(\.target) == (0..<30).map { target($0 / 3) })
        #expect(parts.last?.next == nil)
        #expect(try archive.servedListing(after: target(9), limit: 4, at: .start) == ServedListing())
    }

    @Test func valuesComeAsTheyAreServed() throws {
        let archive = try Folder().openKept()
        let target = Target(bits: Sample.key.publicKey.mid.bits)
        try archive.store(try Sample.unsigned("first"), under: target)
        try archive.store(try Sample.unsigned("second"), under: target, at: .start + 1)
        try archive.store(try Sample.signed("old", version: 3, by: Sample.otherKey), under: target)
        try archive.store(try Sample.signed("new", version: 9, by: Sample.makeKey(7)), under: target)
        try archive.store(try Sample.signed("owner", version: 1), under: target)
        let listed = try archive.servedListing(after: nil, limit: 10, at: .start + 1).values
        #expect(listed.compactMap(\.record?.entry.bytes) == (try archive.served(target, at: .start + 1)))
        #expect(listed.count == 5)
    }

    @Test func whatHasExpiredIsNotServed() throws {
        let archive = try Folder().openKept()
        try archive.store(try Sample.unsigned("short"), under: target(1), for: 10)
        try archive.store(try Sample.unsigned("long"), under: target(2), for: 100)
        let listed = try archive.servedListing(after: nil, limit: 10, at: .start + 10)
        #expect(listed.values.map(\.target) == [target(2)] && listed.next == nil)
    }
}
