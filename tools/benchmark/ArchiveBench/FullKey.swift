import Archive
import Foundation
import IPv8

/// Measures reads and stores under one key with many unsigned values of a hundred bytes, beside ten thousand keys with
/// one value each. The folder must not have an archive yet.
struct FullKey {
    let folder: String
    let count: Int

    private static let neighbours = 10_000
    private static let group = 4096
    private static let pages = 2000
    private static let start = Instant(seconds: 1_700_000_000)

    func run() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        options.unsignedPerTargetMax = count + 2 * FullKey.pages
        let archive = try Archive.open(folder: folder, options: options, now: FullKey.start)
        try fill(archive)
        let target = Target(hashing: "full")
        for offset in [0, count / 2] {
            var found = 0
            let begun = ContinuousClock.now
            for _ in 0..<FullKey.pages {
                found += try archive.page(of: target, offset: offset, limit: 8, at: FullKey.start + .seconds(60)).count
            }
            let each = (ContinuousClock.now - begun) / FullKey.pages
            print("\(count) values, a page from \(offset) on: \(each), \(found / FullKey.pages) values")
        }
        let begun = ContinuousClock.now
        for number in 0..<FullKey.pages {
            _ = try archive.commit([try store(count + number, under: target)], at: FullKey.start + .seconds(1))
        }
        print("\(count) values, a store: \((ContinuousClock.now - begun) / FullKey.pages)")
        archive.close()
    }

    private func fill(_ archive: Archive) throws {
        let target = Target(hashing: "full")
        for start in stride(from: 0, to: count, by: FullKey.group) {
            let changes = try (start..<min(count, start + FullKey.group)).map { try store($0, under: target) }
            _ = try archive.commit(changes, at: FullKey.start)
        }
        let others = try (0..<FullKey.neighbours).map { try store($0, under: Target(hashing: "\($0)")) }
        _ = try archive.commit(others, at: FullKey.start)
    }

    private func store(_ number: Int, under target: Target) throws -> ArchiveChange {
        let data = Array("\(number)".utf8) + [UInt8](repeating: 7, count: 100)
        return .store(
            StoreChange(
                target: target, entries: [try Entry(unsigned: data)], expiresAt: FullKey.start + .seconds(86_400),
                provenance: .received(from: Mid(bits: .zero), at: Address(host: .v4(0xC000_0201), port: 8090))))
    }
}
