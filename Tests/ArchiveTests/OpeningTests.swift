import Foundation
import IPv8
import Testing

@testable import Archive

@Suite struct OpeningTests {
    @Test func newArchiveIsReported() throws {
        let folder = try Folder()
        var progress: [ArchiveProgress] = []
        try folder.open { progress.append($0) }.close()
        #expect(progress == [.created])
        progress = []
        try folder.open { progress.append($0) }.close()
        #expect(progress.isEmpty)
    }

    @Test func fileThatWasCutOffIsReportedAtEveryLength() throws {
        let folder = try Folder()
        let archive = try folder.open()
        for number in 0..<200 { try archive.store(try Sample.unsigned("\(number)")) }
        archive.close()
        let whole = try folder.bytes(folder.lmdb)
        let needed = Int(whole[136..<144].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } + 1) * 4096
        try #require(needed > 20 * 4096)
        for length in [1, 151, 152, 4095, 4096, 4200, 8191, 8192, 9000, needed / 2, needed - 4096 * 4] {
            try folder.truncate(folder.lmdb, to: length)
            let error = #expect(throws: ArchiveError.self) { try folder.open() }
            guard case .truncated(_, _, let found) = error else {
                Issue.record("\(length) bytes: \(String(describing: error))")
                continue
            }
            #expect(found == length)
            #expect(try folder.bytes(folder.lmdb).count == length)
            try folder.write(whole, to: folder.lmdb)
        }
        #expect(try folder.open().statistics().values == 200)
    }

    @Test func fileKeepsRoomBehindItsLastPage() throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("x"))
        let bytes = try folder.bytes(folder.lmdb)
        let lastPage = bytes[4096 + 136..<4096 + 144].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(bytes.count > Int(lastPage + 1) * 4096)
        #expect(bytes.count <= ArchiveOptions.small.mapBytes)
    }

    @Test(arguments: [0, 10, 16, 20, 40, 128, 136, 150])
    func metaPagesThatMakeNoSenseAreReported(_ offset: Int) throws {
        let folder = try Folder()
        let archive = try folder.open()
        try archive.store(try Sample.unsigned("x"))
        archive.close()
        let url = URL(filePath: folder.lmdb)
        let file = try FileHandle(forUpdating: url)
        defer { try? file.close() }
        for page in 0...1 {
            let place = page * 4096 + offset
            let sound = try Data(contentsOf: url)[place..<place + 2]
            try file.seek(toOffset: UInt64(place))
            try file.write(contentsOf: [0xA7, 0xA7])
            let damaged = try Data(contentsOf: url)
            #expect(throws: ArchiveError.self, "page \(page)") { try folder.open() }
            let isLeftAlone = try Data(contentsOf: url) == damaged
            #expect(isLeftAlone, "page \(page)")
            try file.seek(toOffset: UInt64(place))
            try file.write(contentsOf: sound)
        }
        #expect(try folder.open().served().count == 1)
    }

    @Test func newerFormatIsRefusedAndLeftAsItIs() throws {
        let folder = try Folder()
        let archive = try folder.open()
        var identity = archive.identity
        identity.format = 4
        try archive.environment.write { (transaction) throws(ArchiveError) in
            var encoder = RecordEncoder()
            for key in IdentityRecord.keys {
                encoder.encode(identity, under: key)
                try transaction.put(.meta, &encoder)
            }
        }
        archive.close()
        try expectRefusedAndUnchanged(folder, .newerFormat(path: folder.lmdb, found: 4, supported: 3))
    }

    @Test func newerRecordFormatOfTheIdentityIsRefusedToo() throws {
        let folder = try Folder()
        let archive = try folder.open()
        for key in IdentityRecord.keys { try archive.putRaw(.meta, Array(key.utf8), [9, 1, 2, 3]) }
        archive.close()
        try expectRefusedAndUnchanged(folder, .newerFormat(path: folder.lmdb, found: 9, supported: 3))
    }

    @Test func lostIdentityIsReported() throws {
        let folder = try Folder()
        let archive = try folder.open()
        for key in IdentityRecord.keys { try archive.putRaw(.meta, Array(key.utf8), [1, 1, 2, 3]) }
        archive.close()
        let detail = "both copies of the archive's identity are"
        try expectRefusedAndUnchanged(folder, .damaged(path: folder.lmdb, detail: detail))
    }

    @Test func otherFilesAreNoArchives() throws {
        let folder = try Folder()
        try Data(repeating: 65, count: 20_000).write(to: URL(filePath: folder.lmdb))
        #expect(throws: ArchiveError.self) { try folder.open() }
        #expect(try folder.bytes(folder.lmdb) == Array(repeating: 65, count: 20_000))
    }

    @Test func folderThatIsNotThereIsReported() throws {
        let folder = try Folder()
        let missing = folder.path + "/missing"
        let error = #expect(throws: ArchiveError.self) {
            try Archive.open(folder: missing, options: .small, now: .start)
        }
        guard case .unavailable(let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path == missing + "/archive.mdb")
    }

    @Test func addressSpaceThatIsRefusedIsReported() throws {
        var options = ArchiveOptions.small
        options.mapBytes = 1 << 60
        let folder = try Folder()
        #expect(throws: ArchiveError.addressSpace(mapBytes: 1 << 60)) { try folder.open(options) }
    }

    @Test func defaultMapOpensAndTakesLittleDisk() throws {
        let folder = try Folder()
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        let archive = try folder.open(options)
        try archive.store(try Sample.unsigned("x"))
        #expect(try archive.statistics().mapBytes == 1 << 40)
        var status = stat()
        #expect(stat(folder.lmdb, &status) == 0)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    @Test func everyErrorIsOneSentenceWithAPeriod() {
        let errors: [ArchiveError] = [
            .unavailable(path: "p", reason: "r"), .addressSpace(mapBytes: 1 << 40),
            .truncated(path: "p", expectedBytes: 2, foundBytes: 1), .damaged(path: "p", detail: "d"),
            .notAnArchive(path: "p"), .newerFormat(path: "p", found: 4, supported: 3), .newerSchema(path: "p"),
            .mapFull(mapBytes: 1 << 20), .diskFull(path: "p"), .ioFailed(path: "p", reason: "r"),
            .readOnly(path: "p"), .tooManyReaders(max: 1), .index(detail: "d"), .closed,
            .failed(operation: "o", reason: "r"),
        ]
        for error in errors {
            let text = "\(error)"
            #expect(text.hasSuffix(".") && text.count > 20 && !text.contains("\n"), "\(text)")
        }
        #expect("\(ArchiveError.addressSpace(mapBytes: 1 << 40))".contains("1 TiB"))
    }

    private func expectRefusedAndUnchanged(_ folder: Folder, _ error: ArchiveError) throws {
        let before = try folder.bytes(folder.lmdb)
        #expect(throws: error) { try folder.open() }
        #expect(try folder.bytes(folder.lmdb) == before)
    }
}
