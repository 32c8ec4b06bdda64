import CLMDB
import IPv8
import Testing

@testable import Archive

/// The bytes of format 1, as docs/archive-format.md draws them: these expectations never change.
@Suite struct FormatTests {
    @Test func entryRecordIsLaidOutAsShipped() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("value")
        let target = Target(bits: Bits160(high: 1, middle: 2, low: 3))
        try archive.store(entry, under: target)
        let key = EntryKey(target: target, entry: entry).bytes
        #expect(Hex.encode(key) == "0000000000000001000000000000000200000003" + "03" + "\(entry.id)")
        let record = try #require(try archive.rawRecord(.entries, key))
        let expected = [
            "01", "00", "00000000", "17979cfe362a0000", "17979cfe362a0000", "1797a04466e2a000",
            "0000000000000007000000000000000700000007", "04", "7f010001000000000000000000000000", "1f9a",
            "0076616c7565", FormatTests.entryChecksum,
        ]
        #expect(Hex.encode(record) == expected.joined())
    }

    @Test func journalRecordIsLaidOutAsShipped() throws {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("value")
        let target = Target(bits: Bits160(high: 1, middle: 2, low: 3))
        try archive.store(entry, under: target)
        let record = try #require(try archive.rawRecord(.journal, [0, 0, 0, 0, 0, 0, 0, 1]))
        let key = Hex.encode(EntryKey(target: target, entry: entry).bytes)
        let expected = "01" + "01" + "17979cfe362a0000" + "0000000000000000" + key + FormatTests.journalChecksum
        #expect(Hex.encode(record) == expected)
    }

    private static let entryChecksum = "460ceec7ea36a420"
    private static let journalChecksum = "e5c4519fa7a766be"

    /// What LMDB answers becomes the case that says what to do.
    @Test(arguments: [
        (MDB_MAP_FULL, ArchiveError.mapFull(mapBytes: 9)), (MDB_PANIC, .readOnly(path: "p")),
        (MDB_READERS_FULL, .tooManyReaders(max: 512)), (28, .diskFull(path: "p")),
        (5, .ioFailed(path: "p", reason: "Input/output error")),
        (30, .unavailable(path: "p", reason: "Read-only file system")),
    ])
    func resultsOfLMDBBecomeErrorsThatSayWhatToDo(_ code: Int32, _ error: ArchiveError) {
        #expect(LMDBResult(code: code, operation: "o", path: "p").error(mapBytes: 9) == error)
    }

    @Test func diskThatRanOutIsToldFromADeviceThatFailed() {
        #expect(!DiskRoom.hasRunOut(folder: "/"))
        #expect(!DiskRoom.hasRunOut(folder: "/a folder that is not there"))
    }
}
