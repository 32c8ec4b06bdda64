import Archive
import Foundation
import IPv8

/// Measures the archive beside bare LMDB: `ArchiveBench [FOLDER [RECORDS…]]`, by default a temporary folder and
/// 100,000 and 1,000,000 records. Build it with `-c release`. `ArchiveBench fill FOLDER COUNT` makes an archive for
/// measuring the dump tool; see ``Filling``.
@main
enum ArchiveBench {
    /// Goes on by a millisecond with each commit.
    nonisolated(unsafe) private static var now = Instant(seconds: 1_700_000_000)
    private static let groups = [1, 8, 64, 256]
    private static let clock = ContinuousClock()

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.count == 3, arguments[0] == "fill", let count = Int(arguments[2]) {
            return try Filling().run(folder: arguments[1], count: count)
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
        var archive = try Archive.open(folder: folder, options: options, now: now)
        let bare = BareLMDB(path: folder + "/bare.mdb", mapBytes: options.mapBytes)
        var made = 0
        let (_, filled) = try timed { try fill(archive, bare, &made, upTo: size) }
        say("  fill archive and bare LMDB: \(text(filled)); disk \(disk(folder + "/archive.mdb")) MB")
        for group in groups { try compareStores(archive, bare, &made, group) }
        try readPages(archive, made)
        let (steps, followed) = try timed { try follow(archive) }
        say("  index follows: \(rate(steps, followed)) changes/s; disk \(disk(folder + "/index.sqlite")) MB")
        archive.close()
        for name in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder + "/index.sqlite" + name)
        }
        archive = try Archive.open(folder: folder, options: options, now: now)
        let (rebuilt, rebuild) = try timed { try follow(archive) }
        say("  index rebuilt: \(text(rebuild)), \(rate(rebuilt, rebuild)) records/s")
        archive.close()
        let (reopened, opened) = try timed { try Archive.open(folder: folder, options: options, now: now) }
        say("  open: \(text(opened)); \(try reopened.statistics().liveBytes >> 20) MiB live")
        say("  memory without files: \(anonymousMemory())")
        reopened.close()
        for line in try tables(of: folder) { say("    \(line)") }
    }

    private static func follow(_ archive: Archive) throws -> Int {
        var applied = 0
        while true {
            let step = try archive.follow()
            applied += step.applied
            if step.isCurrent { return applied }
        }
    }

    private static func tables(of folder: String) throws -> [String] {
        try ArchiveReader.open(folder: folder).summary(at: now).tables.filter { $0.records > 0 }.map { table in
            "\(table.name): \(table.records) records, \(table.bytes >> 20) MiB, \(table.bytes / table.records) bytes each"
        }
    }

    private static var options: ArchiveOptions {
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        return options
    }

    // MARK: - Storing

    private static func fill(_ archive: Archive, _ bare: BareLMDB, _ made: inout Int, upTo size: Int) throws {
        while made < size {
            let stores = try makeStores(from: made, count: min(4096, size - made))
            try commit(stores, to: archive)
            commit(stores, to: bare, from: made)
            made += stores.count
        }
    }

    /// The same groups of values into both, in turns.
    private static func compareStores(_ archive: Archive, _ bare: BareLMDB, _ made: inout Int, _ group: Int) throws {
        var (archiveTime, bareTime) = (Duration.zero, Duration.zero)
        var count = 0
        while archiveTime + bareTime < .seconds(6) {
            let turn = try (0..<16).map { try makeStores(from: made + $0 * group, count: group) }
            archiveTime += try timed { for stores in turn { try commit(stores, to: archive) } }.1
            bareTime +=
                timed {
                    for (index, stores) in turn.enumerated() { commit(stores, to: bare, from: made + index * group) }
                }.1
            made += turn.count * group
            count += turn.count * group
        }
        let ratio = String(format: "%.2f", archiveTime / bareTime)
        say(
            "  durable stores, \(group) in flight: archive \(rate(count, archiveTime))/s, "
                + "bare LMDB \(rate(count, bareTime))/s, ratio \(ratio)")
    }

    private static func commit(_ stores: [StoreChange], to archive: Archive) throws {
        now = now + .milliseconds(1)
        let outcomes = try archive.commit(stores.map { .store($0) }, at: now)
        precondition(outcomes.allSatisfy { $0 == .store([.stored]) }, "every value is new")
    }

    /// The same number and sizes of puts.
    private static func commit(_ stores: [StoreChange], to bare: BareLMDB, from number: Int) {
        let keys = stores.map { $0.target.bytes + [2] + $0.target.bytes }
        let agePrefix = [UInt8](repeating: 1, count: 10) + withUnsafeBytes(of: now.nanoseconds.bigEndian) { Array($0) }
        let entryBytes = stores.first?.entries.first?.bytes.count ?? 0
        bare.put(
            keys: keys, agePrefix: agePrefix, from: UInt64(number + 1), BareLMDB.RecordSizes(entry: 77 + entryBytes))
    }

    private static func makeStores(from number: Int, count: Int) throws -> [StoreChange] {
        try (number..<number + count).map { number in
            StoreChange(
                target: target(number), entries: [try entry(number)], expiresAt: now + .seconds(86_400),
                provenance: .received(from: Mid(bits: .zero), at: Address(host: .v4(1), port: 1)))
        }
    }

    private static func target(_ number: Int) -> Target { Target(hashing: "\(number)") }

    /// A value as long as signed ones are; the archive leaves signatures to its caller.
    private static func entry(_ number: Int) throws -> Entry {
        let key = Array("LibNaCLPK:".utf8) + (0..<64).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) }
        let data = [UInt8](repeating: 7, count: 20)
        return try Entry(bytes: [1, 0, 20] + data + [0, 0, 0, 1, 0, 74] + key + [UInt8](repeating: 9, count: 64))
    }

    // MARK: - Reading

    private static func readPages(_ archive: Archive, _ made: Int) throws {
        let targets = (0..<50_000).map { _ in target(Int.random(in: 0..<made)) }
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

    // MARK: - Figures

    /// Says a line at once, also to a pipe.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private static func timed<Result>(_ body: () throws -> Result) rethrows -> (Result, Duration) {
        let begun = clock.now
        let result = try body()
        return (result, begun.duration(to: clock.now))
    }

    private static func rate(_ count: Int, _ time: Duration) -> String {
        String(Int(Double(count) / (time / .seconds(1))))
    }

    private static func text(_ time: Duration) -> String { String(format: "%.4f s", time / .seconds(1)) }

    private static func disk(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_blocks * 512 / 1_000_000 : 0
    }

    private static func anonymousMemory() -> String {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").first { $0.hasPrefix("RssAnon") }.map { String($0) } ?? "unknown"
    }
}
