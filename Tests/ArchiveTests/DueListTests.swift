import GRDB
import IPv8
import Maintenance
import Testing

@testable import Archive

/// What upkeep is told to be due.
@Suite struct DueListTests {
    private let later = Instant.start + 3000

    private func target(_ number: Int) -> Target { Target(hashing: "target \(number)") }

    /// An archive with values that were published here, so many under each of so many targets.
    private func archive(_ folder: Folder, targets: Int, valuesEach: Int) throws -> Archive {
        let archive = try folder.open()
        for number in 0..<targets {
            for value in 0..<valuesEach {
                try archive.store(
                    Sample.unsigned("\(number) \(value)"), under: target(number), at: .start + number,
                    from: .publishedHere)
            }
        }
        try archive.followToEnd()
        return archive
    }

    @Test func keysAreCountedAndNotTheirValues() throws {
        let folder = try Folder()
        let archive = try archive(folder, targets: 3, valuesEach: 5)
        defer { archive.close() }
        let list = try archive.dueList(at: later, limit: 10)
        #expect(list.total == 3 && list.kept == 3)
        #expect(list.keys.map(\.target) == [target(0), target(1), target(2)])
        let early = try archive.dueList(at: .start, limit: 10)
        #expect(early.total == 0 && early.kept == 3 && early.nextDue != nil)
    }

    @Test func aPinnedKeyIsCountedOnceThoughItsValueIsDueToo() throws {
        let folder = try Folder()
        let archive = try archive(folder, targets: 2, valuesEach: 1)
        defer { archive.close() }
        _ = try archive.commit([.pin(.key(target(1))), .pin(.key(target(7)))], at: .start)
        let list = try archive.dueList(at: later, limit: 10)
        #expect(list.total == 3 && list.kept == 3)
        #expect(Set(list.keys.filter(\.isPinned).map(\.target)) == [target(1), target(7)])
        // Looked for a moment ago, it is not due, whatever its value says.
        let sought = RepublishResult(
            target: target(1), outcome: .stored, holders: [], retryAt: nil,
            sought: RepublishResult.Sought(answered: 8, found: 8))
        try archive.note([sought], at: later)
        let after = try archive.dueList(at: later, limit: 10)
        #expect(after.total == 2 && after.kept == 3)
        #expect(Set(after.keys.map(\.target)) == [target(0), target(7)])
    }

    @Test func anAttemptHoldsBackWhatWasDueThenAndNotWhatComesDueLater() throws {
        let folder = try Folder()
        let archive = try archive(folder, targets: 1, valuesEach: 1)
        defer { archive.close() }
        try archive.store(Sample.unsigned("later"), under: target(0), at: .start + 600, from: .publishedHere)
        try archive.followToEnd()
        let othersCloser = RepublishResult(
            target: target(0), outcome: .othersCloser, holders: [], retryAt: later + 900, sought: nil)
        #expect(try archive.dueList(at: later, limit: 10).keys.count == 1)
        try archive.note([othersCloser], at: later)
        #expect(try archive.dueList(at: later + 1, limit: 10).keys.isEmpty)
        #expect(try archive.dueList(at: .start + 3600, limit: 10).keys.map(\.target) == [target(0)])
    }

    @Test func whatIsPinnedIsNotCrowdedOutByWhatIsDueLater() throws {
        let folder = try Folder()
        let archive = try archive(folder, targets: 6, valuesEach: 1)
        defer { archive.close() }
        _ = try archive.commit([.pin(.key(target(0)))], at: .start)
        let list = try archive.dueList(at: later, limit: 2)
        #expect(list.keys.map(\.target) == [target(0), target(1)])
        #expect(list.keys.map(\.isPinned) == [true, false])
        #expect(list.total == 6)
    }

    @Test(arguments: [Index.dueCountsText, Index.dueKeysText]) func onlyRowsThatAreKeptAreRead(text: String) throws {
        let archive = try Folder().open()
        let question = "EXPLAIN QUERY PLAN " + text.replacing(/\?\d/, with: "0")
        let steps = try archive.index.read { try Row.fetchAll($0, sql: question).map { $0["detail"] as String } }
        let ofEntries = steps.filter { $0.contains("entries") || $0.hasPrefix("SCAN e") || $0.hasPrefix("SEARCH e") }
        #expect(!ofEntries.isEmpty)
        #expect(ofEntries.allSatisfy { $0.contains("COVERING INDEX entries_by_republish") }, "\(steps)")
        archive.close()
    }
}
