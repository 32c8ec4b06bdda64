import Foundation
import IPv8
import Testing

@testable import Archive

/// The vectors in the documents: what they show is what this program writes and reads.
@Suite struct VectorTests {
    private let target = Target(bits: Bits160(high: 1, middle: 2, low: 3))

    /// What is indented behind a sentence of a document.
    private func vector(_ document: String, behind sentence: String) throws -> String {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs")
        let text = try String(contentsOf: docs.appending(path: document), encoding: .utf8)
        let start = try #require(text.range(of: sentence + "\n\n"), "\(sentence) is not in \(document)")
        let lines = text[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        return lines.prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined()
    }

    private func record() throws -> (key: [UInt8], value: [UInt8]) {
        let archive = try Folder().openKept()
        let entry = try Sample.unsigned("value")
        try archive.store(entry, under: target)
        let key = EntryKey(target: target, entry: entry).bytes
        return (key, try #require(try archive.rawRecord(.entries, key)))
    }

    @Test func recordIsThatOfTheDocument() throws {
        let (key, value) = try record()
        #expect(
            try Hex.encode(key) == vector("archive-format.md", behind: "127.1.0.1:8090. Its key in `entries`:"))
        #expect(
            try Hex.encode(value)
                == vector("archive-format.md", behind: "The record, of which the last eight bytes are the checksum:"))
    }

    @Test func dumpIsThatOfTheDocument() throws {
        let (key, value) = try record()
        let items = [
            DumpItem(kind: .pin, key: [1] + target.bytes, body: Instant.start.nanoseconds.bigEndianBytes),
            DumpItem(kind: .value, key: key, body: Array(value.dropFirst().dropLast(8))),
        ]
        let origin = DumpOrigin(archiveID: Array(0..<16), change: 2, checksum: 0x0123_4567_89AB_CDEF)
        let bytes = try Dumps.bytes(items, DumpHeader(origin: origin))
        #expect(
            try Hex.encode(bytes) == vector("dump-format.md", behind: "an unsigned value with the five bytes `value`."))
        let (read, seal) = try Dumps.read(bytes)
        #expect(read == items)
        #expect(try seal?.root.description == vector("dump-format.md", behind: "Its root:"))
        #expect(items.allSatisfy { DumpContent($0) != nil })
    }

    @Test func incrementIsThatOfTheDocument() throws {
        let (key, value) = try record()
        let other = EntryKey(target: target, entry: try Sample.unsigned("other")).bytes
        let items = [
            DumpItem(forgotten: .value, hash: JournalRecord.hash(of: other, .value, ShortDigests()).bytes),
            DumpItem(gone: .pin, key: [1] + target.bytes),
            DumpItem(kind: .value, key: key, body: Array(value.dropFirst().dropLast(8))),
        ]
        let header = DumpHeader(
            origin: DumpOrigin(archiveID: Array(0..<16), change: 5, checksum: 0xFEDC_BA98_7654_3210),
            start: DumpStart(change: 2, checksum: 0x0123_4567_89AB_CDEF))
        let bytes = try Dumps.bytes(items, header)
        #expect(try Hex.encode(bytes) == vector("dump-format.md", behind: "the pin is gone, and the value is there."))
        let (read, seal) = try Dumps.read(bytes)
        #expect(read == items)
        #expect(try seal?.root.description == vector("dump-format.md", behind: "The increment's root:"))
        for format in RowFormat.allCases {
            #expect(try Dumps.read(Array(try Dumps.lines(items, format, header).utf8)).items == items)
        }
    }
}
