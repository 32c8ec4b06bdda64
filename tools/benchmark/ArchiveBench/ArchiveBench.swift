import Archive
import Foundation
import IPv8

/// Measures the archive beside bare LMDB: `ArchiveBench [FOLDER [RECORDS…]]`, by default a temporary folder and
/// 100,000 and 1,000,000 records. Build it with `-c release`. `ArchiveBench fill FOLDER COUNT` makes an archive for
/// measuring the dump tool; see ``Filling``. `ArchiveBench upkeep FOLDER` measures a node's work on it; see ``Upkeep``.
/// `ArchiveBench key FOLDER COUNT` measures one key with many values; see ``FullKey``. A folder that has been filled by an earlier run is taken as it is. What it came
/// to is in docs/benchmarks.md.
@main
enum ArchiveBench {
    /// Goes on by a millisecond with each commit.
    nonisolated(unsafe) private static var now = Instant(seconds: 1_700_000_000)
    private static let groups = [1, 8, 64, 256]
    private static let clock = ContinuousClock()
    private static let memory = AnonymousMemory()
    /// Beyond this the index is not waited for: that it follows has been measured by then.
    private static let followMax = Duration.seconds(60)
    private static let fillPasses = 4
    private static let fillGroup = 4096

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 3, arguments[0] == "fill", let count = Int(arguments[2]) {
            return try Filling().run(folder: arguments[1], count: count)
        }
        if arguments.count == 3, arguments[0] == "key", let count = Int(arguments[2]) {
            return try FullKey(folder: arguments[1], count: count).run()
        }
        if arguments.count == 2, arguments[0] == "upkeep" { return try Upkeep(folder: arguments[1]).run() }
        guard arguments.first?.hasPrefix("-") != true, arguments.dropFirst().allSatisfy({ Int($0) != nil }) else {
            let usage =
                "ArchiveBench [FOLDER [RECORDS…]] or ArchiveBench fill|key FOLDER COUNT\n"
                + "or ArchiveBench upkeep FOLDER\n"
            FileHandle.standardError.write(Data(usage.utf8))
            exit(64)
        }
        let isTemporary = arguments.isEmpty
        let folder = arguments.first ?? NSTemporaryDirectory() + "archive-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { if isTemporary { try? FileManager.default.removeItem(atPath: folder) } }
        let sizes = arguments.count > 1 ? arguments.dropFirst().compactMap { Int($0) } : [100_000, 1_000_000]
        for size in sizes { try measure(size, in: folder + "/\(size)") }
    }

    private static func measure(_ size: Int, in folder: String) throws {
        say("\(size) records")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let isFilled = FileManager.default.fileExists(atPath: folder + "/bare.mdb")
        let archive = try Archive.open(folder: folder, options: options, now: now)
        let bare = BareLMDB(path: folder + "/bare.mdb", mapBytes: options.mapBytes)
        var material = isFilled ? Material(more: .random(in: 0...UInt64.max)) : Material(count: size)
        if !isFilled { try fill(archive, bare, &material, size) }
        for group in groups { try compareStores(archive, bare, &material, group) }
        sayMemory("storing")
        try readPages(archive, material)
        sayMemory("reading")
        try follow(archive)
        // What the index has taken over leaves the journal with the commits that follow.
        try compareStores(archive, bare, &material, 64, "the journal trimmed, ")
        archive.close()
        try reopen(folder)
        for line in try tables(of: folder) { say("    \(line)") }
    }

    private static var options: ArchiveOptions {
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        return options
    }

    // MARK: - Storing

    private static func fill(
        _ archive: Archive, _ bare: BareLMDB, _ material: inout Material, _ size: Int
    ) throws {
        let (_, time) = try timed {
            try material.ascend(size, passes: fillPasses, group: fillGroup, at: { now }) { stores in
                try commit(stores, to: archive)
                commit(stores, to: bare)
            }
        }
        say("  filled in \(text(time)), archive and bare LMDB in turns")
        sayMemory("filling")
    }

    /// The same groups of values into both, in turns.
    private static func compareStores(
        _ archive: Archive, _ bare: BareLMDB, _ material: inout Material, _ group: Int, _ note: String = ""
    ) throws {
        var (archiveTime, bareTime) = (Duration.zero, Duration.zero)
        var count = 0
        while archiveTime + bareTime < .seconds(6) {
            let turn = try (0..<16).map { _ in try material.stores(group, at: now) }
            archiveTime += try timed { for stores in turn { try commit(stores, to: archive) } }.1
            bareTime += timed { for stores in turn { commit(stores, to: bare) } }.1
            count += turn.count * group
        }
        let ratio = String(format: "%.2f", archiveTime / bareTime)
        say(
            "  durable stores, \(note)\(group) in flight: archive \(rate(count, archiveTime))/s, "
                + "bare LMDB \(rate(count, bareTime))/s, archive's time \(ratio) of LMDB's")
    }

    private static func commit(_ stores: [StoreChange], to archive: Archive) throws {
        now = now + .milliseconds(1)
        let outcomes = try archive.commit(stores.map { .store($0) }, at: now)
        precondition(outcomes.allSatisfy { $0 == .store([.stored]) }, "every value is new")
    }

    /// The same number and sizes of puts.
    private static func commit(_ stores: [StoreChange], to bare: BareLMDB) {
        let keys = stores.map { $0.target.bytes + [2] + $0.target.bytes }
        let agePrefix = [UInt8](repeating: 1, count: 10) + withUnsafeBytes(of: now.nanoseconds.bigEndian) { Array($0) }
        let entryBytes = stores.first?.entries.first?.bytes.count ?? 0
        bare.put(keys: keys, agePrefix: agePrefix, BareLMDB.RecordSizes(entry: 77 + entryBytes))
    }

    // MARK: - Reading

    private static func readPages(_ archive: Archive, _ material: Material) throws {
        let targets = material.sample.shuffled()
        for target in targets { _ = try archive.page(of: target, offset: 0, limit: 8, at: now) }
        let (found, time) = try timed {
            var found = 0
            for _ in 0..<4 {
                for target in targets { found += try archive.page(of: target, offset: 0, limit: 8, at: now).count }
            }
            return found
        }
        precondition(found == 4 * targets.count, "every value is there")
        say("  page reads, one thread: \(rate(found, time))/s")
    }

    // MARK: - The index, and opening

    private static func follow(_ archive: Archive) throws {
        let begun = clock.now
        var applied = 0
        while clock.now - begun < followMax {
            let step = try archive.follow()
            applied += step.applied
            if step.isCurrent { break }
        }
        say("  index follows the journal: \(rate(applied, clock.now - begun)) changes/s")
        sayMemory("following")
    }

    /// Opens the archive without its index, which is made anew, and once more with it.
    private static func reopen(_ folder: String) throws {
        for name in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder + "/index.sqlite" + name)
        }
        let (archive, opened) = try timed { try Archive.open(folder: folder, options: options, now: now) }
        let (rebuilt, rebuild) = try timed {
            var applied = 0
            while true {
                let step = try archive.follow()
                applied += step.applied
                if step.isCurrent { return applied }
            }
        }
        say("  index rebuilt: \(text(rebuild)), \(rate(rebuilt, rebuild)) records/s")
        sayMemory("rebuilding")
        archive.close()
        let (again, openedAgain) = try timed { try Archive.open(folder: folder, options: options, now: now) }
        say("  open without index: \(text(opened)); with it: \(text(openedAgain))")
        sayMemory("opening")
        again.close()
        say("  on disk: archive.mdb \(disk(folder + "/archive.mdb")), index.sqlite \(disk(folder + "/index.sqlite"))")
    }

    private static func tables(of folder: String) throws -> [String] {
        try ArchiveReader.open(folder: folder).summary(at: now).tables.filter { $0.records > 0 }.map { table in
            "\(table.name): \(table.records) records, \(table.bytes >> 20) MiB, \(table.bytes / table.records) bytes each"
        }
    }

    // MARK: - Figures

    /// Says a line at once, also to a pipe.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private static func sayMemory(_ what: String) { say("  memory while \(what): at most \(memory.takePeak())") }

    private static func timed<Result>(_ body: () throws -> Result) rethrows -> (Result, Duration) {
        let begun = clock.now
        let result = try body()
        return (result, begun.duration(to: clock.now))
    }

    private static func rate(_ count: Int, _ time: Duration) -> String {
        String(Int(Double(count) / (time / .seconds(1))))
    }

    private static func text(_ time: Duration) -> String { String(format: "%.2f s", time / .seconds(1)) }

    private static func disk(_ path: String) -> String {
        var status = stat()
        return stat(path, &status) == 0 ? "\((status.st_blocks * 512) >> 20) MiB" : "missing"
    }
}
