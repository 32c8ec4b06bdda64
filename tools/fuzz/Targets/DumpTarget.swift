import Foundation
import IPv8

@testable import Archive

/// Dumps, which may come from anybody, and what an import makes of them.
///
///     0 | bytes of a dump
///     1 | items, as a block has them: they are put in order, sealed, read and imported into an empty archive
enum DumpTarget {
    private static let verifier = SignatureVerifier()
    private static let now = Instant(seconds: 1_700_000_000)
    private static let itemsMax = 32

    static func run(_ input: [UInt8]) throws(Violation) {
        var source = ByteSource(input)
        if source.flag() {
            try checkItems(source.rest()[...])
        } else {
            _ = try items(of: source.rest())
        }
    }

    /// What a reader takes before it refuses anything.
    private static func items(of bytes: [UInt8]) throws(Violation) -> [DumpItem] {
        guard var reader = try? DumpReader(DumpInput(bytes: bytes)) else { return [] }
        var items: [DumpItem] = []
        while let item = try? reader.next() { items.append(item) }
        if let seal = reader.seal {
            try require(seal.items == items.count, "a dump is sealed for \(seal.items) items and has \(items.count)")
        }
        return items
    }

    private static func checkItems(_ bytes: ArraySlice<UInt8>) throws(Violation) {
        var rest = bytes
        var given: Set<DumpItem> = []
        while given.count < itemsMax, let item = DumpItem(rest) {
            rest = rest.dropFirst(item.byteCount)
            given.insert(item)
        }
        let items = given.sorted(by: <)
        guard let (bytes, root) = try? sealed(items) else { return }
        let read = try self.items(of: bytes)
        try require(items.starts(with: read), "a dump reads otherwise than it was written")
        if !read.isEmpty { try importIntoEmptyArchive(read, root) }
    }

    /// A dump of some items; throws if two of them have one key, which no dump has.
    private static func sealed(_ items: [DumpItem]) throws -> ([UInt8], Digest256) {
        guard zip(items, items.dropFirst()).allSatisfy({ $0 < $1 }) else { throw Violation("an item comes twice") }
        var bytes: [UInt8] = []
        var writer = try DumpWriter(DumpHeader()) { bytes += $0 }
        for item in items { try writer.add(item) }
        let seal = try writer.finish()
        return (bytes, seal.root)
    }

    /// Whatever an import takes has the same bytes when it is exported, and leaves the archive sound.
    private static func importIntoEmptyArchive(_ items: [DumpItem], _ root: Digest256) throws(Violation) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fuzz-dump-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var findings: [VerifyFinding] = []
        var exported: [DumpItem] = []
        let outcomes: [ImportOutcome]
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            outcomes = try taken(items, root, into: folder)
            let reader = try ArchiveReader.open(folder: folder)
            _ = try reader.verify(threads: 1, progress: { _ in }, found: { findings.append($0) })
            var walk = try ItemWalk(reader, DumpHeader())
            while let batch = try walk.next() { exported += batch }
        } catch {
            throw Violation("an import fails: \(error)")
        }
        try require(findings.isEmpty, "an import leaves damage: \(findings)")
        let accepted = zip(items, outcomes).filter { $0.1 == .taken }.map(\.0)
        // Values that were published here get the publications that they lack.
        let added = Set(exported.filter { $0.kind == .publication }).subtracting(accepted)
        try require(
            exported.filter { !added.contains($0) } == accepted,
            "an import took \(accepted.map(\.bytes)) and exports \(exported.map(\.bytes))")
    }

    private static func taken(_ items: [DumpItem], _ root: Digest256, into folder: String) throws -> [ImportOutcome] {
        var options = ArchiveOptions()
        options.mapBytes = 16 << 20
        options.diskReserveBytes = 0
        let archive = try Archive.open(folder: folder, options: options, now: now)
        defer { archive.close() }
        let vetted = Archive.vet(items, from: 1, threads: 1, verifier)
        let outcomes = try archive.take(vetted, of: root, .everything, at: now)
        _ = try archive.restorePublications(at: now)
        try archive.endImport()
        while try !archive.follow().isCurrent {}
        return outcomes
    }
}
