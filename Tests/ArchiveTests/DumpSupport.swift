import IPv8
import Testing

@testable import Archive

/// Dumps in memory, for tests.
enum Dumps {
    /// All that an archive at rest keeps.
    static func items(_ folder: Folder, _ header: DumpHeader = DumpHeader()) throws -> [DumpItem] {
        var source = try ItemSource(try ArchiveReader.open(folder: folder.path), header)
        var items: [DumpItem] = []
        while let item = try source.next() { items.append(item) }
        return items
    }

    static func bytes(
        _ items: [DumpItem], _ header: DumpHeader = DumpHeader(), signedBy key: PrivateKey? = nil, leftOut: Int = 0
    ) throws -> [UInt8] {
        let sink = Sink()
        var writer = try DumpWriter(header) { sink.bytes += $0 }
        for item in items { try writer.add(item) }
        _ = try writer.finish(signedBy: key, leftOut: leftOut)
        return sink.bytes
    }

    /// The lines of a text of these items.
    static func lines(
        _ items: [DumpItem], _ format: RowFormat, _ header: DumpHeader = DumpHeader(), leftOut: Int = 0
    ) throws -> String {
        var tree = MerkleRoot()
        tree.add(tree.hash(ofLeaf: header.leaf))
        var text = format.heading + format.line(DumpRow(header))
        for item in items {
            tree.add(tree.hash(ofLeaf: item.bytes))
            text += format.line(try #require(DumpRow(item)))
        }
        return text + format.line(DumpRow(DumpSeal(closing: &tree, of: header, leftOut: leftOut)))
    }

    /// Reads a dump or lines to the end.
    static func read(_ bytes: [UInt8], isUnsealed: Bool = false) throws -> (items: [DumpItem], seal: DumpSeal?) {
        var source = try ItemSource(DumpInput(bytes: bytes), isUnsealed: isUnsealed)
        var items: [DumpItem] = []
        while let item = try source.next() { items.append(item) }
        return (items, source.seal)
    }

    /// A plain value under a key of its own.
    static func unsignedItem(_ number: Int) throws -> DumpItem {
        var encoder = RecordEncoder()
        let entry = try Sample.unsigned("value \(number)")
        let key = EntryKey(target: Target(hashing: "\(number)"), entry: entry)
        let facts = EntryFacts(
            version: Version(0), firstSeen: .start, lastStored: .start, expiresAt: .start, provenance: Sample.received)
        encoder.encode(key, entry: entry.bytes, facts)
        var item: DumpItem?
        try encoder.finish { (_, value) throws(ArchiveError) in
            item = DumpItem(kind: .value, key: key.bytes, body: Array(value.dropFirst().dropLast(8)))
        }
        return try #require(item)
    }

    private final class Sink {
        var bytes: [UInt8] = []
    }
}

extension Folder {
    /// Fills an archive with something of everything and closes it.
    func fill() throws {
        let archive = try open()
        try archive.store(try Sample.signed("gone", version: 9), under: Target(hashing: "gone"), for: -10)
        let year = 86_400 * 400
        while try !archive.sweep(at: .start + year, limit: 100).endsRound {}
        for version in 1...3 {
            try archive.store(try Sample.signed("v\(version)", version: UInt32(version)), at: .start + year + version)
        }
        try archive.store(try Sample.unsigned("plain"), at: .start + year + 4, for: 60)
        try archive.store(try Sample.signed("one", version: 5, by: Sample.otherKey), at: .start + year + 5)
        try archive.store(try Sample.signed("two", version: 5, by: Sample.otherKey), at: .start + year + 6)
        try archive.store(
            try Sample.signed("ours", version: 1), under: Target(hashing: "ours"), at: .start + year + 7,
            from: .publishedHere)
        _ = try archive.commit(
            [.pin(.key(Sample.target)), .block(.signer(Sample.sender))], at: .start + year + 8)
        try archive.followToEnd()
        archive.close()
    }

    /// When everything that `fill` stores is there and nothing of it has expired but one value.
    static let filled = Instant.start + (86_400 * 400 + 100)
}

extension Archive {
    /// Imports items as a dump with some root.
    @discardableResult
    func take(
        _ items: [DumpItem], _ mode: ImportMode = .everything, from start: Int = 1, at now: Instant = Folder.filled
    ) throws -> [ImportOutcome] {
        let root = MerkleRoot().hash(ofLeaf: [])
        return try take(
            Archive.vet(items, from: start, threads: 2, SignatureVerifier()), of: root, mode, at: now)
    }
}
