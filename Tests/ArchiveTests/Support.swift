import Foundation
import IPv8
import Synchronization

@testable import Archive

/// The archive's tables, where GRDB's name for its own is in the way.
typealias ArchiveTable = Table

/// A folder of its own for a test. It is there until the process ends: an archive stores nothing once its file is gone,
/// and may outlive this value.
final class Folder {
    let path: String

    private static let made = Mutex<[String]>([])
    private static let removesAllAtExit: Void = {
        atexit { for path in Folder.made.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) } }
    }()

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "archive-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        Folder.removesAllAtExit
        Folder.made.withLock { $0.append(url.path) }
    }

    var lmdb: String { path + "/archive.mdb" }
    var index: String { path + "/index.sqlite" }

    func open(
        _ options: ArchiveOptions = .small, now: Instant = .start,
        progress: (ArchiveProgress) -> Void = { _ in }
    ) throws -> Archive {
        try Archive.open(folder: path, options: options, now: now, progress: progress)
    }

    func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    func write(_ bytes: [UInt8], to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    func truncate(_ path: String, to byteCount: Int) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: UInt64(byteCount))
        try file.close()
    }

    func copy(_ name: String, from other: Folder) throws {
        try FileManager.default.copyItem(atPath: other.path + "/" + name, toPath: path + "/" + name)
    }

    /// What every file holds, by its name.
    func content() throws -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            content[name] = try bytes(path + "/" + name)
        }
        return content
    }

    func removeIndex() throws {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: index + suffix) }
    }
}

extension ArchiveOptions {
    /// A small map and no reserve, so that tests neither need nor look at a large disk.
    static var small: ArchiveOptions {
        var options = ArchiveOptions()
        options.mapBytes = 64 << 20
        options.diskReserveBytes = 0
        return options
    }
}

extension Instant {
    /// When every test begins.
    static let start = Instant(seconds: 1_700_000_000)

    static func + (instant: Instant, seconds: Int) -> Instant { instant + .seconds(seconds) }
}

/// Keys, targets and values to test with.
enum Sample {
    static let key = makeKey(1)
    static let otherKey = makeKey(2)
    static let target = Target(hashing: "a target")
    static let sender = Mid(bits: Bits160(high: 7, middle: 7, low: 7))
    static let address = Address(host: .v4(0x7F01_0001), port: 8090)
    static let received = Provenance.received(from: sender, at: address)

    static func makeKey(_ seed: UInt8) -> PrivateKey {
        let secrets = [UInt8](repeating: seed, count: 32) + [UInt8](repeating: seed &+ 100, count: 32)
        do {
            return try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + secrets)
        } catch {
            preconditionFailure("a key of 64 bytes is always readable: \(error)")
        }
    }

    static func unsigned(_ text: String) throws -> Entry { try Entry(unsigned: Array(text.utf8)) }

    static func signed(_ text: String, version: UInt32, by key: PrivateKey = Sample.key) throws -> Entry {
        try Entry(data: Array(text.utf8), version: Version(version), signedBy: key)
    }
}

extension Archive {
    /// Stores values in a commit of their own.
    @discardableResult
    func store(
        _ entries: Entry..., under target: Target = Sample.target, at now: Instant = .start, for seconds: Int = 3600,
        from provenance: Provenance = Sample.received, clockIsSteady: Bool = true
    ) throws -> [StoreOutcome] {
        try store(
            entries, under: target, at: now, for: seconds, from: provenance, clockIsSteady: clockIsSteady)
    }

    /// Stores values in a commit of their own.
    @discardableResult
    func store(
        _ entries: [Entry], under target: Target = Sample.target, at now: Instant = .start, for seconds: Int = 3600,
        from provenance: Provenance = Sample.received, clockIsSteady: Bool = true
    ) throws -> [StoreOutcome] {
        let change = StoreChange(
            target: target, entries: entries, expiresAt: now + seconds, provenance: provenance)
        guard
            case .store(let outcomes)? = try commit(
                [.store(change)], at: now, clockIsSteady: clockIsSteady
            ).first
        else { return [] }
        return outcomes
    }

    /// All that is served of the sample's target.
    func served(_ target: Target = Sample.target, at now: Instant = .start) throws -> [[UInt8]] {
        try page(of: target, offset: 0, limit: 1000, at: now)
    }

    /// Steps until the index is current; how many steps it took.
    @discardableResult
    func followToEnd(limit: Int = 100) throws -> [FollowResult] {
        var results: [FollowResult] = []
        repeat { results.append(try follow(limit: limit)) } while results.last?.isCurrent == false
        return results
    }

    /// A record as it stands in its table.
    func rawRecord(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try environment.read { (transaction) throws(ArchiveError) in
            try lending(key) { (key) throws(ArchiveError) in try transaction.get(table, key).map { Array($0) } }
        }
    }

    /// Puts a record into a table as it is.
    func putRaw(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        try environment.write { (transaction) throws(ArchiveError) in
            try lending(key) { (key) throws(ArchiveError) in
                try lending(value) { (value) throws(ArchiveError) in try transaction.put(table, key, value) }
            }
        }
    }
}

/// Lends an array's bytes, with the error's type kept.
func lending<Value>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Value
) throws(ArchiveError) -> Value {
    let result: Result<Value, ArchiveError> = bytes.withUnsafeBytes { bytes in
        Result { () throws(ArchiveError) in try body(bytes) }
    }
    return try result.get()
}

extension Folder {
    /// Opens an archive whose files are unlinked at once: they live as long as the archive does.
    func openKept(_ options: ArchiveOptions = .small) throws -> Archive { try open(options) }
}
