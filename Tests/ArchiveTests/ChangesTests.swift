import IPv8
import Testing

@testable import Archive

/// The stream of an archive's changes.
@Suite struct ChangesTests {
    /// Somebody who follows an archive and knows nothing but its changes.
    private struct Follower {
        var items: [[UInt8]: DumpRow] = [:]
        var last: UInt64 = 0
        private let digests = ShortDigests()

        mutating func follow(_ archive: Archive, limit: Int) throws {
            while true {
                let page = try archive.changes(after: last, limit: limit)
                #expect(page.changes.count <= limit && page.archiveID == archive.archiveID)
                for change in page.changes { try apply(change) }
                if last == page.last { return }
            }
        }

        mutating func apply(_ change: ChangeRow) throws {
            try #require(change.change == last + 1)
            last = change.change
            if let hash = change.hash {
                #expect(change.operation == .gone)
                items[hash] = nil
            } else if change.operation == .put {
                guard case .item(let item)? = change.row.content else {
                    Issue.record("\(change.json)")
                    return
                }
                items[digests.digest(item.kind.rawValue, item.key).bytes] = change.row
            } else {
                let named = items.filter { held in
                    change.row.values.allSatisfy { held.value[$0.column] == $0.text }
                }
                for hash in named.keys { items[hash] = nil }
            }
        }
    }

    @Test(arguments: 0..<8)
    func followerEndsWithWhatTheArchiveHas(_ seed: Int) throws {
        let archive = try Folder().openKept(RandomNights.options)
        var nights = RandomNights(seed: 500 + seed)
        var follower = Follower()
        for step in 0..<60 {
            try nights.pass(in: archive)
            guard step % 7 == 0 || step == 59 else { continue }
            try follower.follow(archive, limit: 5 + step)
            let rows = Set(try archive.dumpItems().compactMap { DumpRow($0) })
            try #require(Set(follower.items.values) == rows, "seed \(seed), step \(step)")
        }
    }

    @Test func changesComeInPagesOfAtMostTheLimit() throws {
        let archive = try Folder().openKept()
        #expect(try archive.changes(after: 0).changes.isEmpty)
        try archive.store(try (0..<25).map { try Sample.unsigned("\($0)") })
        let first = try archive.changes(after: 0, limit: 10)
        #expect(first.changes.map(\.change) == Array(1...10) && first.last == 25 && first.firstAvailable == 1)
        #expect(try archive.changes(after: 20, limit: 10).changes.map(\.change) == Array(21...25))
        #expect(try archive.changes(after: 25).changes.isEmpty)
        #expect(try archive.changes(after: 24, limit: -1).changes.count == 1)
        #expect(try archive.changes(after: 0, limit: .max).changes.count == 25)
    }

    @Test func changeIsALineOfJSONWithTheColumnsOfTheExport() throws {
        let archive = try Folder().openKept()
        let value = try Sample.unsigned("x")
        try archive.store(value)
        _ = try archive.commit([.pin(.key(Sample.target)), .unpin(.key(Sample.target))], at: .start + 1)
        let id = Hex.encode(archive.archiveID)
        let key = Sample.target.description
        let lines = try archive.changes(after: 0).changes.map(\.json)
        let start =
            #"{"archive":"\#(id)","change":1,"at":"2023-11-14T22:13:20Z","op":"put","kind":"value","#
            + #""key":"\#(key)","class":"unsigned","id":"\#(value.id)","data":"78","first_seen":"#
        #expect(lines.count == 3 && lines[0].hasPrefix(start))
        #expect(lines[0].hasSuffix(#""entry":"\#(Hex.encode(value.bytes))"}"#))
        // It has been unpinned by now.
        for number in [2, 3] {
            #expect(
                lines[number - 1]
                    == #"{"archive":"\#(id)","change":\#(number),"at":"2023-11-14T22:13:21Z","op":"gone","#
                    + #""kind":"pin","key":"\#(key)"}"#)
        }
        _ = try archive.forget(.key(Sample.target), block: false, at: .start + 2)
        let hash = ShortDigests().digest(4, EntryKey(target: Sample.target, entry: value).bytes)
        let forgotten = try archive.changes(after: 0).changes[0]
        #expect(forgotten.json.hasSuffix(#""op":"gone","kind":"value","hash":"\#(hash)"}"#))
        #expect(forgotten["key"] == nil && forgotten.kind == "value")
    }

    @Test func whoeverIsTooFarBehindIsToldWhereTheJournalBegins() throws {
        var options = ArchiveOptions.small
        options.journalKeep = .zero
        let archive = try Folder().openKept(options)
        for number in 0..<10 { try archive.store(try Sample.unsigned("\(number)")) }
        try archive.followToEnd()
        for number in 10..<13 { try archive.store(try Sample.unsigned("\(number)")) }
        let first = try archive.changeNumbers().firstAvailable
        #expect(first == 7)
        #expect(throws: ArchiveError.tooFarBehind(after: 5, firstAvailable: 7)) { try archive.changes(after: 5) }
        #expect(try archive.changes(after: 6).changes.map(\.change) == Array(7...13))
        #expect(throws: ArchiveError.aheadOfArchive(after: 14, last: 13)) { try archive.changes(after: 14) }
        let last = try #require(try archive.changes(after: 12).changes.first)
        #expect(try archive.changes(after: 13, madeAt: last.at).changes.isEmpty)
        #expect(throws: ArchiveError.otherChange(number: 13)) {
            try archive.changes(after: 13, madeAt: last.at + .seconds(1))
        }
    }

    @Test func damagedChangeEndsTheStream() throws {
        let archive = try Folder().openKept()
        for number in 0..<3 { try archive.store(try Sample.unsigned("\(number)")) }
        let key = UInt64(2).bigEndianBytes
        var record = try #require(try archive.rawRecord(.journal, key))
        record[5] ^= 1
        try archive.putRaw(.journal, key, record)
        #expect(try archive.changes(after: 0, limit: 1).changes.count == 1)
        #expect(throws: ArchiveError.self) { try archive.changes(after: 0) }
        #expect(try archive.changes(after: 2).changes.map(\.change) == [3])
    }

    @Test func damagedRecordCountsAsGone() throws {
        let archive = try Folder().openKept()
        let value = try Sample.unsigned("x")
        try archive.store(value)
        let key = EntryKey(target: Sample.target, entry: value).bytes
        var record = try #require(try archive.rawRecord(.entries, key))
        record[9] ^= 1
        try archive.putRaw(.entries, key, record)
        #expect(try archive.changes(after: 0).changes.map(\.operation) == [.gone])
    }

    @Test(.timeLimit(.minutes(1))) func waitingEndsWithTheNextChange() async throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("x"))
        await archive.waitForChange(after: 0)
        async let first: Void = archive.waitForChange(after: 1)
        async let second: Void = archive.waitForChange(after: 2)
        try archive.store(try Sample.unsigned("y"))
        await first
        try archive.store(try Sample.unsigned("z"))
        await second
        archive.close()
        let reopened = try folder.open()
        await reopened.waitForChange(after: 2)
        let waiting = Task { await reopened.waitForChange(after: 3) }
        waiting.cancel()
        await waiting.value
        async let last: Void = reopened.waitForChange(after: 3)
        reopened.close()
        await last
        await reopened.waitForChange(after: 3)
    }
}
