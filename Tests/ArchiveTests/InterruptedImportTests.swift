import IPv8
import Testing

@testable import Archive

/// An import that ends in the middle and is repeated does what it would have done without that, and no more.
@Suite struct InterruptedImportTests {
    private struct Interrupted: Error {}

    private let now = Folder.filled
    private static let blocked = Target(hashing: "blocked")

    /// The items of an archive with a few values and blocks, one of them of `blocked`.
    private func dump(publishes: Bool = false) throws -> [DumpItem] {
        let folder = try Folder()
        let archive = try folder.open()
        for number in 0..<8 {
            try archive.store(
                try Sample.signed("\(number)", version: 1), under: Target(hashing: "\(number)"), for: 86_400 * 500,
                from: publishes ? .publishedHere : Sample.received)
        }
        let others = (0..<6).map { ArchiveChange.block(.key(Target(hashing: "other \($0)"))) }
        _ = try archive.commit([.block(.key(InterruptedImportTests.blocked))] + others, at: .start)
        archive.close()
        return try Dumps.items(folder)
    }

    /// Imports items, four in a commit, until so many are done.
    @discardableResult
    private func importing(
        _ items: [DumpItem], into archive: Archive, until count: Int = .max
    ) throws -> ImportTally {
        let bytes = try Dumps.bytes(items)
        var options = DumpImport.Options()
        options.pace = CommitPace(itemsMax: 4)
        // Tests that wait for other threads leave none to wait for.
        options.commit = { $0() }
        let check = try DumpCheck(DumpInput(bytes: bytes), isUnsealed: false) {}
        var run = DumpImport(archive, check, options) { [now] in now }
        do {
            try run.run(try ItemSource(DumpInput(bytes: bytes)), committed: {}) { tally in
                if tally.done >= count { throw Interrupted() }
            }
        } catch is Interrupted {}
        return run.tally
    }

    private func archiveWithAValue() throws -> Archive {
        let archive = try Folder().openKept()
        try archive.store(
            try Sample.unsigned("here before"), under: InterruptedImportTests.blocked, at: now, for: 86_400,
            from: .publishedHere)
        return archive
    }

    private func hasTheValue(_ archive: Archive) throws -> Bool {
        try !archive.records(of: InterruptedImportTests.blocked).isEmpty
    }

    @Test(arguments: 1...15) func whatTheOperatorLeftWhenHeBlockedItStays(count: Int) throws {
        let archive = try archiveWithAValue()
        _ = try archive.commit([.block(.key(InterruptedImportTests.blocked))], at: now)
        let items = try dump()
        try importing(items, into: archive, until: count)
        let rest = try importing(items, into: archive)
        #expect(rest.isComplete && rest.erased == 0)
        #expect(try hasTheValue(archive))
    }

    @Test(arguments: 1...15) func whatTheDumpBlocksIsErasedWheneverItEnds(count: Int) throws {
        let archive = try archiveWithAValue()
        let items = try dump()
        try importing(items, into: archive, until: count)
        try importing(items, into: archive)
        #expect(try !hasTheValue(archive))
        #expect(try archive.publications().isEmpty)
    }

    /// An item that is refused each time makes an import begin anew instead of going on.
    @Test(arguments: 1...16) func whatTheDumpBlocksIsErasedByAnImportThatBeginsAnew(count: Int) throws {
        let archive = try archiveWithAValue()
        var items = try dump()
        items[1].body[items[1].body.count - 1] ^= 1
        try importing(items, into: archive, until: count)
        #expect(try !importing(items, into: archive).isComplete)
        #expect(try !hasTheValue(archive))
    }

    /// Values come before what says that they were published.
    @Test(arguments: [1, 5, 9]) func publishedValuesCanBeWithdrawnAndAreNoDamage(count: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        let items = try dump(publishes: true)
        try importing(items, into: archive, until: count)
        let value = try #require(try archive.publishedOrNot().first)
        #expect(try archive.commit([.withdraw(value.target, value.entry)], at: now) == [.done(changed: true)])
        #expect(try archive.records(of: value.target).map(\.isWithdrawn) == [true])
        try archive.followToEnd()
        archive.close()
        let reader = try ArchiveReader.open(folder: folder.path)
        #expect(try reader.verify(threads: 1, progress: { _ in }, found: { Issue.record("\($0)") }).findings == 0)
    }

    @Test func keepsTheJournalThatANodeIsToKeep() throws {
        let folder = try Folder()
        var options = ArchiveOptions.small
        options.journalKeep = .zero
        let archive = try folder.openKept(options)
        let value = try Sample.unsigned("first")
        try archive.store(value, at: now)
        try archive.followToEnd()
        let first = try archive.journalStart()
        try importing(try dump(), into: archive)
        _ = try archive.forget(.key(Sample.target), block: true, at: now)
        #expect(try archive.journalStart() == first)
    }
}

extension Archive {
    fileprivate func publishedOrNot() throws -> [(target: Target, entry: Entry)] {
        try (0..<8).map { Target(hashing: "\($0)") }.flatMap { target in
            try records(of: target).filter { $0.provenance == .publishedHere }.map { (target, $0.entry) }
        }
    }

    fileprivate func journalStart() throws -> UInt64? {
        try environment.read { (transaction) throws(ArchiveError) in
            try transaction.firstKey(.journal, prefix: []).map { key in key.reduce(0) { $0 << 8 | UInt64($1) } }
        }
    }
}
