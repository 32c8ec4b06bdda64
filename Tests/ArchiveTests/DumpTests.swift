import IPv8
import Testing

@testable import Archive

@Suite struct DumpTests {
    private let folder: Folder
    private let items: [DumpItem]

    init() throws {
        folder = try Folder()
        try folder.fill()
        items = try Dumps.items(folder)
    }

    @Test func everythingIsInIt() {
        #expect(Set(items.map(\.kind)) == [.pin, .floor, .history, .value, .evidence, .block, .publication])
        #expect(zip(items, items.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func readsWhatItWrites() throws {
        let bytes = try Dumps.bytes(items, signedBy: Sample.key)
        let (read, seal) = try Dumps.read(bytes)
        #expect(read == items)
        #expect(seal?.leaves == items.count + 2)
        #expect(seal?.items == items.count && seal?.leftOut == 0)
        #expect(seal?.signature?.signer.mid == Sample.key.publicKey.mid)
        #expect(seal?.isAuthentic(accordingTo: SignatureVerifier()) == true)
        #expect(try Dumps.bytes(items, signedBy: Sample.key) == bytes)
    }

    @Test func formatOneHasNoClosingLeaf() throws {
        let header = DumpHeader(prefix: "", format: 1)
        let bytes = try Dumps.bytes(items, header, signedBy: Sample.key)
        let (read, seal) = try Dumps.read(bytes)
        #expect(read == items)
        #expect(seal?.leaves == items.count + 1 && seal?.items == items.count && seal?.leftOut == nil)
        #expect(try DumpReader(DumpInput(bytes: bytes)).header == header)
        for format in RowFormat.allCases {
            let lines = try Dumps.read(Array(try Dumps.lines(items, format, header).utf8))
            #expect(lines.items == items && lines.seal?.root == seal?.root)
        }
        let salvaged = DumpHeader(isSalvaged: true, format: 1).bytes
        #expect(throws: DumpError.self, "no flag of format 2 in format 1") { try DumpHeader(salvaged) }
    }

    @Test func whatWasLeftOutIsPartOfTheRoot() throws {
        let seals = try [0, 3].map { try Dumps.read(try Dumps.bytes(items, leftOut: $0)).seal }
        #expect(seals.map { $0?.leftOut } == [0, 3])
        #expect(seals[0]?.root != seals[1]?.root)
    }

    @Test func signatureOfAnotherRootIsNoneOfThisOne() throws {
        let seal = try #require(try Dumps.read(try Dumps.bytes(items, signedBy: Sample.key)).seal)
        var other = seal
        other.leaves += 1
        #expect(!other.isAuthentic(accordingTo: SignatureVerifier()))
    }

    /// Small items fill several blocks.
    @Test func longDumpsHaveSeveralBlocks() throws {
        let many = try (0..<2000).map { number in
            try Dumps.unsignedItem(number)
        }.sorted { $0 < $1 }
        let bytes = try Dumps.bytes(many)
        #expect(bytes.count > 3 * DumpLayout.payloadBytesMax)
        #expect(try Dumps.read(bytes).items == many)
        // Two blocks of items, exchanged.
        let head = DumpLayout.magic.count + DumpLayout.headBytes + DumpHeader().bytes.count + 32
        let length = DumpLayout.headBytes + bytes[(head + 5)..<(head + 9)].reduce(0) { $0 << 8 | Int($1) } + 32
        let exchanged = bytes[..<head] + bytes[(head + length)..<(head + 2 * length)] + bytes[head...]
        #expect(throws: DumpError.self) { try Dumps.read(Array(exchanged)) }
        // One block left out.
        #expect(throws: DumpError.damaged(block: 1, at: head, detail: "its checksum is another")) {
            try Dumps.read(Array(bytes[..<head] + bytes[(head + length)...]))
        }
    }

    @Test func dumpThatIsCutAnywhereIsRefused() throws {
        let bytes = try Dumps.bytes(items, signedBy: Sample.key)
        for length in 0..<bytes.count {
            #expect(throws: DumpError.self, "cut at \(length)") { try Dumps.read(Array(bytes[..<length])) }
        }
        #expect(throws: DumpError.trailing(at: bytes.count)) { try Dumps.read(bytes + [0]) }
    }

    @Test func dumpWithAnyByteFlippedIsRefused() throws {
        let bytes = try Dumps.bytes(items, signedBy: Sample.key)
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= UInt8(1 << (place % 8))
            #expect(throws: DumpError.self, "flipped at \(place)") { try Dumps.read(flipped) }
        }
    }

    @Test func placeOfDamageIsNamed() throws {
        var bytes = try Dumps.bytes(items)
        let start = DumpLayout.magic.count + DumpLayout.headBytes + DumpHeader().bytes.count + 32
        #expect(throws: DumpError.cutOff(block: 1, at: start + 100)) {
            try Dumps.read(Array(bytes[..<(start + 100)]))
        }
        bytes[start + 50] ^= 1
        #expect(throws: DumpError.damaged(block: 1, at: start, detail: "its checksum is another")) {
            try Dumps.read(bytes)
        }
    }

    @Test func newerFormatIsRefusedAsSuch() throws {
        let head = DumpLayout.head(.header, items: 1, payloadBytes: 5)
        let payload: [UInt8] = [0, 4, 7, 7, 7]
        let bytes = DumpLayout.magic + head + payload + DumpLayout.checksum(number: 0, head: head, payload: payload)
        #expect(throws: DumpError.newerFormat(found: 4, supported: 3)) { try Dumps.read(bytes) }
    }

    @Test func itemsOutOfOrderAreRefused() throws {
        var payload: [UInt8] = []
        for item in [items[1], items[0]] { item.append(to: &payload) }
        let header = DumpHeader().bytes
        var bytes = DumpLayout.magic
        for (number, block) in [(DumpLayout.Block.header, header, 1), (.items, payload, 2)].enumerated() {
            let head = DumpLayout.head(block.0, items: block.2, payloadBytes: block.1.count)
            bytes += head + block.1 + DumpLayout.checksum(number: number, head: head, payload: block.1)
        }
        #expect(throws: DumpError.self) { try Dumps.read(bytes) }
    }

    @Test(arguments: RowFormat.allCases)
    func linesHoldTheSame(format: RowFormat) throws {
        let text = try Dumps.lines(items, format)
        let (read, seal) = try Dumps.read(Array(text.utf8))
        #expect(read == items)
        #expect(try seal?.root == Dumps.read(try Dumps.bytes(items)).seal?.root)
        if format == .csv { #expect(!text.contains("\""), "CSV needs no quotes") }
    }

    @Test(arguments: RowFormat.allCases)
    func linesThatWereCutOrAlteredAreRefused(format: RowFormat) throws {
        let text = Array(try Dumps.lines(items, format).utf8)
        for length in stride(from: 0, to: text.count - 2, by: 149) {
            #expect(throws: DumpError.self, "cut at \(length)") { try Dumps.read(Array(text[..<length])) }
        }
        for place in stride(from: 0, to: text.count, by: 151) {
            var altered = text
            altered[place] = altered[place] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
            guard let read = try? Dumps.read(altered) else { continue }
            // What is only for people, such as the data beside the entry, is of no account.
            #expect(read.items == items, "altered at \(place)")
        }
    }

    @Test func pickedLinesAreTakenWhenAskedTo() throws {
        let text = try Dumps.lines(items, .jsonl)
        let picked = text.split(separator: "\n").filter { $0.contains("\"kind\":\"value\"") }.reversed()
        let bytes = Array((picked.joined(separator: "\n") + "\n").utf8)
        #expect(throws: DumpError.self) { try Dumps.read(bytes) }
        #expect(try Set(Dumps.read(bytes, isUnsealed: true).items) == Set(items.filter { $0.kind == .value }))
    }

    @Test func prefixAndTimeNarrowWhatIsExported() throws {
        for prefix in ["0", "8", "f", "a1"] {
            let header = DumpHeader(prefix: prefix)
            let wanted = items.filter { Hex.encode($0.target.bytes).hasPrefix(prefix) }
            #expect(try Dumps.items(folder, header) == wanted, "\(prefix)")
        }
        let digits = String(Hex.encode(Sample.target.bytes).prefix(3))
        #expect(try !Dumps.items(folder, DumpHeader(prefix: digits)).isEmpty)
        let late = try Dumps.items(folder, DumpHeader(since: .start + (86_400 * 400 + 7)))
        #expect(Set(late.map(\.kind)) == [.pin, .value, .publication, .block])
    }

    @Test func damagedRecordsAreLeftOutAndTold() throws {
        let archive = try folder.open()
        let key = EntryKey(target: Target(hashing: "ours"), entry: try Sample.signed("ours", version: 1)).bytes
        var record = try #require(try archive.rawRecord(.entries, key))
        record[20] ^= 1
        try archive.putRaw(.entries, key, record)
        archive.close()
        var source = try ItemSource(try ArchiveReader.open(folder: folder.path))
        var count = 0
        while try source.next() != nil { count += 1 }
        #expect(count == items.count - 1)
        #expect(source.damaged == [DamagedRecord(table: "entries", key: key)])
    }
}
