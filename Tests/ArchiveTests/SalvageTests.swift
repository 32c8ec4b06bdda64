import IPv8
import Testing

@testable import Archive

@Suite struct SalvageTests {
    private let items: [DumpItem]
    private let bytes: [UInt8]
    /// Where each block begins, and the end.
    private let starts: [Int]

    init() throws {
        items = try (0..<2000).map { try Dumps.unsignedItem($0) }.sorted { $0 < $1 }
        bytes = try Dumps.bytes(items, DumpHeader(prefix: ""))
        var starts = [DumpLayout.magic.count]
        while let start = starts.last, start < bytes.count {
            let length = bytes[(start + 5)..<(start + 9)].reduce(0) { $0 << 8 | Int($1) }
            starts.append(start + DumpLayout.headBytes + length + Digest256.byteCount)
        }
        self.starts = starts
        try #require(starts.count > 6)
    }

    private func salvage(_ bytes: [UInt8]) throws -> (items: [DumpItem], DumpSalvage) {
        var salvage = try DumpSalvage(DumpInput(bytes: bytes))
        var items: [DumpItem] = []
        while let item = try salvage.next() { items.append(item) }
        return (items, salvage)
    }

    /// The items of some blocks.
    private func items(without numbers: Set<Int>) throws -> [DumpItem] {
        var kept: [DumpItem] = []
        for number in 1..<starts.count - 2 where !numbers.contains(number) {
            let end = starts[number + 1] - Digest256.byteCount
            var rest = bytes[(starts[number] + DumpLayout.headBytes)..<end]
            while let item = DumpItem(rest) {
                kept.append(item)
                rest = rest.dropFirst(item.bytes.count)
            }
        }
        return kept
    }

    @Test func wholeDumpLosesNothing() throws {
        let (found, salvage) = try salvage(bytes)
        #expect(found == items)
        #expect(salvage.losses.isEmpty && salvage.missingItems == 0 && salvage.header == DumpHeader())
    }

    /// One byte of each part of a block: kind, count, length, payload, checksum.
    @Test(arguments: [0, 2, 7, 8, 9, 20_000, -1])
    func oneDamagedBlockCostsOnlyItself(place: Int) throws {
        var damaged = bytes
        damaged[place < 0 ? starts[3] + place : starts[2] + place] ^= 0x11
        let (found, salvage) = try salvage(damaged)
        #expect(try found == items(without: [2]))
        #expect(salvage.missingItems == items.count - found.count)
        let loss = try #require(salvage.losses.first)
        #expect(salvage.losses.count == 1 && loss.bytes == starts[2]..<starts[3] && loss.blocks == 2..<3)
        let behind = try items(without: Set(1...2))
        #expect(loss.before == behind.first)
        #expect(loss.after == found[found.count - behind.count - 1])
    }

    @Test func missingAndAddedBytesAreBridged() throws {
        let missing = Array(bytes[..<(starts[1] + 500)] + bytes[(starts[3] - 90)...])
        var (found, salvaged) = try salvage(missing)
        #expect(try found == items(without: [1, 2]))
        #expect(salvaged.losses.map(\.blocks) == [1..<3])
        let added = Array(bytes[..<starts[2]] + [UInt8](repeating: 2, count: 300) + bytes[starts[2]...])
        (found, salvaged) = try salvage(added)
        #expect(found == items)
        #expect(salvaged.losses.map(\.bytes) == [starts[2]..<starts[2] + 300] && salvaged.missingItems == 0)
    }

    @Test func lostHeaderAndLostEndAreTold() throws {
        var damaged = bytes
        damaged[starts[0] + 9] ^= 1
        var (found, salvaged) = try salvage(damaged)
        #expect(found == items && salvaged.header == nil && salvaged.losses.map(\.blocks) == [0..<1])
        (found, salvaged) = try salvage(Array(bytes[..<(starts[starts.count - 2] + 3)]))
        #expect(found == items && salvaged.missingItems == nil && salvaged.seal == nil)
        #expect(salvaged.losses.last?.blocks == nil && salvaged.losses.last?.after == items.last)
        #expect(throws: DumpError.notADump) { try salvage(Array(bytes[..<40])) }
        #expect(throws: DumpError.notADump) { try salvage([UInt8](repeating: 2, count: 5000)) }
    }

    /// Wherever a byte is flipped, whatever is saved was there, and it is counted what was not.
    @Test func nothingIsMadeUpAndNothingIsLostSilently() throws {
        let known = Set(items)
        for place in stride(from: 0, to: bytes.count, by: bytes.count / 40) {
            var damaged = bytes
            damaged[place] ^= 0x40
            let (found, salvage) = try salvage(damaged)
            #expect(found.allSatisfy { known.contains($0) }, "flipped at \(place)")
            #expect(salvage.missingItems.map { $0 == items.count - found.count } ?? true, "flipped at \(place)")
            #expect(found.count == items.count || !salvage.losses.isEmpty, "flipped at \(place)")
        }
    }

    /// A dump that was made to keep a processor busy is given up.
    @Test func dumpOfNothingButLookalikesIsGivenUp() throws {
        let payload = items[0].bytes
        let lookalike =
            DumpLayout.head(.items, items: 1, payloadBytes: payload.count) + payload
            + [UInt8](repeating: 0, count: Digest256.byteCount)
        let made = bytes[..<starts[1]] + (0..<5000).flatMap { _ in lookalike }
        #expect(throws: DumpError.self) { try salvage(Array(made)) }
    }

    @Test func salvagedDumpSaysSo() throws {
        let header = DumpHeader(isSalvaged: true)
        let text = try Dumps.bytes(items, header, leftOut: 7)
        let reader = try DumpReader(DumpInput(bytes: text))
        #expect(reader.header.isSalvaged && !reader.header.isWhole)
        #expect(try Dumps.read(text).seal?.leftOut == 7)
        for format in RowFormat.allCases {
            let lines = Array(try Dumps.lines(Array(items.prefix(3)), format, header, leftOut: 7).utf8)
            #expect(try ItemSource(DumpInput(bytes: lines)).header == header)
            #expect(try Dumps.read(lines).seal?.leftOut == 7)
        }
    }
}
