import IPv8
import Maintenance
import SplitMix

@testable import Archive

/// Whatever can happen to an archive, in random order: it is stored to, swept, evicted from and imported into; keys are
/// pinned, blocked and forgotten; and the clock is set back.
struct RandomNights {
    private var random: SplitMix64
    /// The time of the archive, which does not always go on.
    private(set) var now = Instant.start

    private static let keys = (1...4).map { Sample.makeKey(UInt8($0)) }
    private static let targets =
        (0..<8).map { Target(hashing: "night \($0)") } + keys.prefix(2).map { Target(bits: $0.publicKey.mid.bits) }

    init(seed: Int) { random = SplitMix64(seed: UInt64(seed) &+ 77_000) }

    /// Budgets and places so small that everything is evicted sooner or later.
    static var options: ArchiveOptions {
        var options = ArchiveOptions.small
        options.budgets = Budgets(sharing: 60_000)
        (options.signedPerTargetMax, options.unsignedPerTargetMax) = (4, 4)
        options.retention.signed = .seconds(200_000)
        options.retention.unsigned = .seconds(40_000)
        options.journalKeep = nil
        options.journalBytesMax = .max
        return options
    }

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func target() -> Target { RandomNights.targets[number(0..<RandomNights.targets.count)] }

    private mutating func subject() -> ArchiveSubject {
        number(0..<3) > 0 ? .key(target()) : .signer(RandomNights.keys[number(0..<4)].publicKey.mid)
    }

    private mutating func entry() throws -> Entry {
        if number(0..<2) == 0 { return try Sample.unsigned("u\(number(0..<12))") }
        return try Sample.signed(
            "s\(number(0..<3))", version: UInt32(number(1..<40)), by: RandomNights.keys[number(0..<4)])
    }

    /// The next thing that happens.
    mutating func pass(in archive: Archive) throws {
        now = number(0..<25) == 0 ? now + .seconds(-number(1..<90_000)) : now + .seconds(number(1..<4000))
        switch number(0..<100) {
        case ..<55: try store(in: archive)
        case ..<60: try publish(in: archive)
        case ..<64: try withdraw(in: archive)
        case ..<72: try archive.sweepRound(at: now)
        case ..<76: _ = try archive.commit([.pin(subject())], at: now)
        case ..<79: _ = try archive.commit([.unpin(subject())], at: now)
        case ..<81: _ = try archive.commit([.unblock(subject()), .unblock(subject())], at: now)
        case ..<86: _ = try archive.forget(subject(), block: number(0..<3) == 0, at: now)
        case ..<92: try refresh(in: archive)
        case ..<97: try bringIn(to: archive)
        default: while try !archive.follow().isCurrent {}
        }
    }

    private mutating func store(in archive: Archive) throws {
        let entries = try (0..<number(1..<4)).map { _ in try entry() }
        let source = Provenance.from(number(0..<5))
        try archive.store(
            entries, under: target(), at: now, for: number(-10..<9000), from: source,
            clockIsSteady: number(0..<6) > 0)
    }

    private mutating func publish(in archive: Archive) throws {
        try archive.store(try entry(), under: target(), at: now, for: 3600, from: .publishedHere)
    }

    private mutating func withdraw(in archive: Archive) throws {
        let published = try archive.publications()
        guard !published.isEmpty else { return }
        let publication = published[number(0..<published.count)]
        let records = try archive.records(of: publication.target) + archive.retainedRecords(of: publication.target)
        guard let record = records.first(where: { $0.entry.id == publication.id }) else { return }
        _ = try archive.commit([.withdraw(publication.target, record.entry)], at: now)
    }

    private mutating func refresh(in archive: Archive) throws {
        let target = target()
        let values = try (archive.records(of: target) + archive.retainedRecords(of: target)).map { record in
            RefreshChange.Refreshed(entry: record.entry, servedUntil: now + number(1..<5000))
        }
        _ = try archive.commit([.refresh(RefreshChange(target: target, values: values))], at: now)
    }

    /// Imports part of another archive.
    private mutating func bringIn(to archive: Archive) throws {
        let folder = try Folder()
        let other = try folder.open(RandomNights.options)
        var nights = RandomNights(seed: number(0..<1_000_000))
        nights.now = now
        for _ in 0..<4 { try nights.store(in: other) }
        if number(0..<3) == 0 { try nights.publish(in: other) }
        if number(0..<4) == 0 { _ = try other.commit([.block(subject()), .pin(subject())], at: now) }
        other.close()
        try archive.take(
            try Dumps.items(folder), number(0..<3) == 0 ? .valuesOnly : .everything, at: now)
        try archive.endImport()
    }
}

extension Archive {
    /// All that a dump would have, read beside whoever has the archive open.
    func dumpItems() throws -> [DumpItem] {
        try environment.read { (transaction) throws(ArchiveError) in
            var items: [DumpItem] = []
            for kind in DumpItem.Kind.allCases {
                for table in kind.tables {
                    try transaction.forEach(table, prefix: []) { (key, value) throws(ArchiveError) in
                        guard let body = RecordChecksum.body(of: value, key: key, table: table) else { return true }
                        items.append(DumpItem(kind: kind, key: Array(key), body: Array(body)))
                        return true
                    }
                }
            }
            return items.sorted { $0 < $1 }
        }
    }
}
