import Foundation
import IPv8
import Testing

@testable import Archive

/// What was forgotten leaves the files of an archive, and no copy has it.
@Suite struct WipeTests {
    private static let secret = "forget me, wherever"
    private let folder: Folder

    init() throws { folder = try Folder() }

    /// Values of a key among those of others, changed again and again, so that their bytes are all over the file.
    private func fill(_ archive: Archive) throws {
        for version in 1...40 {
            try archive.store(
                try Sample.signed("\(WipeTests.secret) \(version)", version: UInt32(version)), at: .start + version)
            let others = try (0..<10).map { try Sample.unsigned("other \($0) \(version) and some more to fill pages") }
            for entry in others {
                try archive.store(entry, under: Target(hashing: "\(entry.id)"), at: .start + version)
            }
        }
        try archive.followToEnd()
    }

    private func forget(_ archive: Archive) throws {
        _ = try archive.forget(.key(Sample.target), block: false, at: .start + 100)
    }

    /// Takes steps until there is nothing to do, or somebody is to be waited for.
    @discardableResult
    private func wipe(_ archive: Archive, stepsMax: Int = 1000) throws -> WipeStep? {
        var last: WipeStep?
        for _ in 0..<stepsMax {
            guard let step = try archive.wipeStep(at: .start + 200) else { return last }
            last = step
            if step.isDone || step.waitsForReader { return step }
        }
        return last
    }

    /// The files that hold a value that was forgotten.
    private func files(_ folder: Folder) throws -> [String] {
        try folder.content().filter { $0.value.holds(WipeTests.secret) }.map(\.key).sorted()
    }

    @Test func forgottenValuesLeaveEveryFile() throws {
        let archive = try folder.open()
        try fill(archive)
        try forget(archive)
        #expect(try files(folder) == ["archive.mdb"], "else nothing is shown here")
        #expect(try archive.isWipeDue())
        let step = try #require(try wipe(archive))
        #expect(step.isDone && step.donePages == step.totalPages)
        #expect(try files(folder).isEmpty)
        #expect(try !archive.isWipeDue())
        #expect(try archive.wipeStep(at: .start + 300) == nil)
        // Nor do buffers that are used again bring anything back.
        for number in 0..<300 {
            try archive.store(
                try Sample.unsigned("later \(number)"), under: Target(hashing: "\(number)"), at: .start + 300)
        }
        #expect(try files(folder).isEmpty)
        #expect(try archive.accountsAreRight())
        archive.close()
        #expect(try Archive.checkStructure(folder: folder.path) > 0)
        #expect(try folder.open().statistics().values == 700)
    }

    @Test func copyMadeAfterwardsHasNothingOfIt() throws {
        let archive = try folder.open()
        try fill(archive)
        try forget(archive)
        let copy = try Folder()
        _ = try archive.copy(into: copy.path)
        #expect(try files(folder) == ["archive.mdb"])
        #expect(try files(copy).isEmpty)
        archive.close()
        #expect(try Archive.checkStructure(folder: copy.path) > 0)
        #expect(try Dumps.items(copy) == Dumps.items(folder))
        // It is still due there: the copy says so.
        let restored = try copy.open()
        #expect(try restored.isWipeDue())
        try wipe(restored)
        try restored.store(try Sample.unsigned("goes on"), at: .start + 300)
        #expect(try restored.served(at: .start + 300).count == 1)
    }

    @Test func readerFromBeforeIsLeftAloneAndWaitedFor() throws {
        let archive = try folder.open()
        try fill(archive)
        try archive.environment.read { (transaction) throws(ArchiveError) in
            var before = 0
            try transaction.forEach(.history, prefix: []) { (_, value) throws(ArchiveError) in
                before += Array(value).holds(WipeTests.secret) ? 1 : 0
                return true
            }
            let step = Result {
                try forget(archive); return try wipe(archive)
            }
            #expect((try? step.get())?.waitsForReader == true)
            var after = 0
            try transaction.forEach(.history, prefix: []) { (key, value) throws(ArchiveError) in
                after += HistoryRecord(value, key: key) != nil && Array(value).holds(WipeTests.secret) ? 1 : 0
                return true
            }
            #expect(before > 10 && after == before)
        }
        #expect(try wipe(archive)?.isDone == true)
        #expect(try files(folder).isEmpty)
    }

    @Test func readerFromAfterwardsDelaysTheEndAtMost() throws {
        let archive = try folder.open()
        try fill(archive)
        try forget(archive)
        for number in 0..<3 { try archive.store(try Sample.unsigned("\(number)"), at: .start + 101) }
        try archive.environment.read { (_) throws(ArchiveError) in
            let step = Result { try wipe(archive) }
            #expect((try? step.get())?.totalPages ?? 0 > 0)
        }
        #expect(try wipe(archive)?.isDone == true)
        #expect(try files(folder).isEmpty)
    }

    @Test func passThatWasInterruptedIsDoneAfterReopening() throws {
        let archive = try folder.open()
        try fill(archive)
        try forget(archive)
        _ = try archive.wipeStep(at: .start + 200)
        archive.close()
        let reopened = try folder.open()
        #expect(try reopened.isWipeDue())
        #expect(try wipe(reopened)?.isDone == true)
        #expect(try files(folder).isEmpty)
    }

    /// What is forgotten while a pass is under way has one of its own.
    @Test func whatIsForgottenMeanwhileIsErasedToo() throws {
        let archive = try folder.open()
        try fill(archive)
        let first = Target(hashing: "first")
        try archive.store(try Sample.unsigned("first to go"), under: first, at: .start + 50)
        _ = try archive.forget(.key(first), block: false, at: .start + 99)
        #expect(try archive.wipeStep(at: .start + 99)?.isDone == false)
        try forget(archive)
        #expect(try wipe(archive)?.isDone == true)
        #expect(try files(folder).isEmpty)
    }
}

extension [UInt8] {
    /// Whether a text stands somewhere in the bytes.
    fileprivate func holds(_ text: String) -> Bool { Data(self).range(of: Data(text.utf8)) != nil }
}
