import IPv8
import SplitMix
import Testing

@testable import Archive

/// What the format of dumps forbids is refused as a whole, with the place named, in each form that a dump has.
@Suite struct DumpFaultTests {
    private let items: [DumpItem]

    init() throws {
        let folder = try Folder()
        try folder.fill()
        items = try Dumps.items(folder)
    }

    /// Where the fields of an entry's record lie.
    private enum Field {
        static let flags = 0
        static let firstSeen = 5
        static let sender = 29
        static let address = 49
    }

    private struct Change: CustomTestStringConvertible {
        var testDescription: String
        var kind: DumpItem.Kind
        /// Applied to the first item of the kind, or to the first of those that were published here.
        var isPublished = false
        var apply: @Sendable (inout DumpItem) -> Void
    }

    private static let changes = [
        Change(testDescription: "a flag that there is not", kind: .value) { $0.body[Field.flags] |= 0x80 },
        Change(testDescription: "withdrawn, from a stranger", kind: .value) { $0.body[Field.flags] |= 2 },
        Change(testDescription: "a time before 1970", kind: .value) { $0.body[Field.firstSeen] |= 0x80 },
        Change(testDescription: "an unknown family", kind: .value) { $0.body[Field.address] = 9 },
        Change(testDescription: "no address with a host", kind: .value) { $0.body[Field.address] = 0 },
        Change(testDescription: "IPv4 with bytes behind it", kind: .value) { $0.body[Field.address + 9] = 1 },
        Change(testDescription: "published here with a sender", kind: .value, isPublished: true) {
            $0.body[Field.sender] = 1
        },
        Change(testDescription: "published here with an address", kind: .value, isPublished: true) {
            $0.body[Field.address + 18] = 1
        },
        Change(testDescription: "another signer's class", kind: .value) { $0.key[20] ^= 3 },
        Change(testDescription: "a version that is not its value's", kind: .value, isPublished: true) {
            $0.body[4] ^= 1
        },
        Change(testDescription: "a flag of an earlier version", kind: .history) { $0.body[8 + Field.flags] |= 4 },
        Change(testDescription: "a replacement before 1970", kind: .history) { $0.body[0] |= 0x80 },
        Change(testDescription: "a number without a next one", kind: .history) { $0.key[40] = 0xFF },
        Change(testDescription: "a source of no family", kind: .floor) { $0.body[12] = 7 },
        Change(testDescription: "a source with too long a prefix", kind: .floor) { $0.body[13] = 1 },
        Change(testDescription: "a longer floor", kind: .floor) { $0.body.append(0) },
        Change(testDescription: "the operator with a prefix", kind: .evidence) { $0.body[12] = 0 },
        Change(testDescription: "a pair of one value", kind: .evidence) { item in
            let length = Int(item.body[21]) << 8 | Int(item.body[22])
            item.body = Array(item.body[..<(23 + length)]) + Array(item.body[23..<(23 + length)])
        },
        Change(testDescription: "a pin before 1970", kind: .pin) { $0.body[0] |= 0x80 },
        Change(testDescription: "a longer block", kind: .block) { $0.body.append(0) },
        Change(testDescription: "a publication of another class", kind: .publication) { $0.key[20] = 1 },
        Change(testDescription: "an unsigned publication with a version", kind: .publication) { $0.key[20] = 3 },
        Change(testDescription: "a withdrawal before 1970", kind: .publication) { $0.body[12] |= 0x80 },
    ]

    private func changed(_ change: Change) throws -> (items: [DumpItem], number: Int) {
        let index = try #require(
            items.firstIndex { item in
                guard item.kind == change.kind else { return false }
                return change.kind != .value || (item.body[0] & 1 == 1) == change.isPublished
            })
        var altered = items
        change.apply(&altered[index])
        return (altered, index + 1)
    }

    @Test(arguments: changes)
    private func forbiddenFieldIsRefusedAndItsPlaceNamed(change: Change) throws {
        let (altered, number) = try changed(change)
        let error = #expect(throws: DumpError.self) { try Dumps.read(try DumpFaultTests.dump(altered)) }
        let text = try #require(error).description
        #expect(text.contains("block 1") && text.contains("item \(number), a \(change.kind.name)"), "\(text)")
        #expect(
            Archive.vet([altered[number - 1]], from: 1, threads: 1, SignatureVerifier()).items[0].refusal != nil)
    }

    /// A dump in which items stand as they are given, in order or not.
    private static func dump(_ items: [DumpItem], _ header: DumpHeader = DumpHeader()) throws -> [UInt8] {
        var tree = MerkleRoot()
        tree.add(tree.hash(ofLeaf: header.leaf))
        var payload: [UInt8] = []
        for item in items {
            tree.add(tree.hash(ofLeaf: item.bytes))
            item.append(to: &payload)
        }
        let seal = DumpSeal(closing: &tree, of: header, leftOut: 0)
        var bytes = DumpLayout.magic
        let blocks = [(DumpLayout.Block.header, header.leaf, 1), (.items, payload, items.count), (.end, seal.bytes, 0)]
        for (number, block) in blocks.enumerated() {
            let head = DumpLayout.head(block.0, items: block.2, payloadBytes: block.1.count)
            bytes += head + block.1 + DumpLayout.checksum(number: number, head: head, payload: block.1)
        }
        return bytes
    }

    @Test func dumpAsItIsGivenIsRead() throws {
        #expect(try Dumps.read(try DumpFaultTests.dump(items)).items == items)
    }

    @Test func itemsOutsideOfTheHeadersPartAreRefused() throws {
        let prefix = String(Hex.encode(items[0].target.bytes).prefix(1))
        let outside = try #require(items.first { !Hex.encode($0.target.bytes).hasPrefix(prefix) })
        let narrow = try DumpFaultTests.dump([outside], DumpHeader(prefix: prefix))
        let error = #expect(throws: DumpError.self) { try Dumps.read(narrow) }
        #expect("\(try #require(error))".contains("prefix \(prefix)"))
        let late = try DumpFaultTests.dump(items, DumpHeader(since: Folder.filled + 86_400, format: 2))
        #expect(throws: DumpError.self) { try Dumps.read(late) }
        for format in RowFormat.allCases {
            let text = try Dumps.lines([outside], format, DumpHeader(prefix: prefix))
            let line = format == .csv ? 3 : 2
            let error = #expect(throws: DumpError.self) { try Dumps.read(Array(text.utf8)) }
            #expect("\(try #require(error))".contains("line \(line) "), "\(format)")
        }
    }

    @Test func itemThatComesTwiceIsRefused() throws {
        for item in items {
            let error = #expect(throws: DumpError.self) { try Dumps.read(try DumpFaultTests.dump([item, item])) }
            #expect("\(try #require(error))".contains("item 2, a \(item.kind.name), is not allowed: it comes twice"))
        }
    }

    @Test(arguments: RowFormat.allCases)
    func forbiddenFieldsOfLinesAreRefused(format: RowFormat) throws {
        let text = try Dumps.lines(items, format)
        let floor = try #require(items.first { $0.kind == .floor })
        let source = Hex.encode(floor.body.suffix(Source.byteCount))
        let bad = text.replacing(source, with: "07" + source.dropFirst(2), maxReplacements: 1)
        #expect(bad != text)
        for isUnsealed in [false, true] {
            let error = #expect(throws: DumpError.self) { try Dumps.read(Array(bad.utf8), isUnsealed: isUnsealed) }
            #expect("\(try #require(error))".contains("its source does not exist (kind 7"))
        }
    }

    /// Bits of the fields that no signature covers are flipped: what the reader and the archive take is exported again in
    /// the same bytes.
    @Test(arguments: 0..<60)
    func acceptedDumpExportsToTheSameRoot(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) &+ 77)
        var altered = items
        for _ in 0...Int.random(in: 0..<3, using: &random) {
            let index = Int.random(in: 0..<altered.count, using: &random)
            let place = Int.random(in: 0..<min(68, altered[index].body.count), using: &random)
            altered[index].body[place] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
        }
        let bytes = try DumpFaultTests.dump(altered)
        guard let read = try? Dumps.read(bytes) else { return }
        let target = try Folder()
        let archive = try target.open()
        let outcomes = try archive.take(read.items)
        archive.close()
        guard outcomes.allSatisfy({ $0 == .taken }) else { return }
        #expect(try Dumps.bytes(Dumps.items(target)) == Dumps.bytes(altered))
    }
}

@Suite struct SelfProvingImportTests {
    private let target: Folder

    init() throws { target = try Folder() }

    private func items(_ fill: (Archive) throws -> Void) throws -> [DumpItem] {
        let folder = try Folder()
        let archive = try folder.open()
        try fill(archive)
        archive.close()
        return try Dumps.items(folder)
    }

    /// A floor is the dump maker's word: with the highest version it would silence the key for good.
    @Test func floorOfSomebodyElseSilencesNobody() throws {
        var encoder = RecordEncoder()
        let place = SignerKey(target: Sample.target, signer: Sample.key.publicKey.mid)
        encoder.encode(
            FloorRecord(version: Version(.max), noted: .start, source: Source(IPAddress.v4(0))), under: place)
        var body: [UInt8] = []
        try encoder.finish { (_, value) throws(ArchiveError) in body = Array(value.dropFirst().dropLast(8)) }
        let floor = DumpItem(kind: .floor, key: place.bytes, body: body)
        let archive = try target.open()
        #expect(try archive.take([floor], .valuesOnly) == [.leftOut])
        #expect(try archive.store(try Sample.signed("mine", version: 7), at: Folder.filled) == [.stored])
        #expect(try archive.served(at: Folder.filled).count == 1)
    }

    /// Who brought a value, and when it first came, is not signed: it neither charges others nor ages what is held.
    @Test func claimsAboutAValueAreNotBelieved() throws {
        let entry = try Sample.unsigned("same")
        let claimed = try items { try $0.store(entry, at: .start, for: 86_400 * 500) }
        let archive = try target.open()
        let address = Address(host: .v4(0x0102_0304), port: 5)
        try archive.store(entry, at: Folder.filled, from: .received(from: Sample.sender, at: address))
        _ = try archive.take(claimed, .valuesOnly, at: Folder.filled + 5)
        let record = try #require(try archive.records(of: Sample.target).first)
        #expect(record.firstSeen == Folder.filled && record.lastStored == Folder.filled)
        #expect(record.provenance == .received(from: Sample.sender, at: address))
        let other = try Folder().open()
        _ = try other.take(claimed, .valuesOnly, at: Folder.filled + 5)
        #expect(
            try other.records(of: Sample.target).first?.provenance == .received(from: Mid(bits: .zero), at: .none))
    }

    @Test func earlierVersionsOfSomebodyElseAreNumberedHereAndThinNothing() throws {
        let theirs = try items { archive in
            for version in 1...130 {
                try archive.store(
                    try Sample.signed("\(version)", version: UInt32(version)), at: .start + version, for: 86_400 * 500,
                    clockIsSteady: false)
            }
        }
        var history = theirs.filter { $0.kind == .history }
        let last = history.count - 1
        history[last].key[40] = 0x10
        let archive = try target.open()
        try archive.take(history, .valuesOnly)
        let signer = Sample.key.publicKey.mid
        let before = try archive.history(of: Sample.target, signer: signer).count
        #expect(before == min(history.count, HistoryThinning.countMaxWithoutClock))
        // The number that was claimed does not count, so the next one follows the last.
        let keys = try archive.environment.read { (transaction) throws(ArchiveError) in
            var keys: [UInt64] = []
            try transaction.forEach(.history, prefix: []) { (key, _) throws(ArchiveError) in
                if let key = HistoryKey(key) { keys.append(key.number) }
                return true
            }
            return keys
        }
        #expect(keys == Array(1...UInt64(keys.count)))
    }

    @Test func publicationWithoutItsValueIsRefused() throws {
        let ours = try items { try $0.store(try Sample.signed("ours", version: 1), from: .publishedHere) }
        let publication = try #require(ours.first { $0.kind == .publication })
        let archive = try target.open()
        try archive.store(try Sample.unsigned("theirs"))
        #expect(try archive.take([publication]) == [.refused(.noValue)])
        #expect(try Folder().open().take(ours) == ours.map { _ in .taken })
    }

    /// The value was lost to damage over there, and a copy is to have all that is left.
    @Test func anEmptyArchiveTakesPublicationsAsTheyAre() throws {
        let ours = try items { try $0.store(try Sample.signed("ours", version: 1), from: .publishedHere) }
        let publication = try #require(ours.first { $0.kind == .publication })
        #expect(try target.open().take([publication]) == [.taken])
        #expect(try Dumps.items(target) == [publication])
    }

    /// Otherwise a value that was published over there could be given up here like anybody's.
    @Test(arguments: [60, 500 * 86_400])
    func aValueOfOthersBecomesOursWithItsPublication(seconds: Int) throws {
        let entry = try Sample.unsigned("both")
        let ours = try items { try $0.store(entry, from: .publishedHere) }
        let archive = try target.open()
        // Stored later than over there, so the facts of the record here are the newer ones; served or expired.
        try archive.store(entry, at: .start + 1, for: seconds)
        try archive.sweepRound(at: Folder.filled)
        #expect(try archive.take(ours).allSatisfy(\.isAccepted))
        archive.close()
        let value = try #require(try Dumps.items(target).first { $0.kind == .value })
        guard case .value(let record, _)? = DumpContent(value) else {
            Issue.record("It is no value.")
            return
        }
        #expect(record.provenance == .publishedHere && !record.isWithdrawn)
        #expect(try target.open().accountsAreRight())
    }
}
