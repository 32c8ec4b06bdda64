import Archive
import Foundation
import IPv8
import SplitMix

/// Fills an archive with values that have real signatures, to measure signature checks: `ArchiveBench fill FOLDER
/// COUNT`.
///
/// One in eight is unsigned and one in sixteen has an earlier version; there are a thousand signers. The values are
/// always the same.
struct Filling {
    private let keys: [PrivateKey]
    static let now = Instant(seconds: 1_700_000_000)
    /// How long the values are served.
    static let lifetime = Duration.seconds(86_400 * 3650)

    init() throws {
        keys = try (0..<1000).map { number in
            var dice = SplitMix64(seed: UInt64(number))
            let seed = (0..<64).map { _ in UInt8.random(in: 0...255, using: &dice) }
            return try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + seed)
        }
    }

    func run(folder: String, count: Int) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var options = ArchiveOptions()
        options.diskReserveBytes = 0
        let archive = try Archive.open(folder: folder, options: options, now: Filling.now)
        for start in stride(from: 0, to: count, by: 4096) {
            let range = start..<min(count, start + 4096)
            let earlier = range.filter { $0 % 16 == 1 }
            _ = try archive.commit(try earlier.map { try change($0, version: 1) }, at: Filling.now)
            _ = try archive.commit(try range.map { try change($0, version: 2) }, at: Filling.now + .seconds(1))
            _ = try archive.follow(limit: 8192)
        }
        while try !archive.follow().isCurrent {}
        archive.close()
    }

    private func change(_ number: Int, version: UInt32) throws -> ArchiveChange {
        let data = Array("value \(number)".utf8)
        let entry =
            number % 8 == 0
            ? try Entry(unsigned: data)
            : try Entry(data: data, version: Version(version), signedBy: keys[number % keys.count])
        return .store(
            StoreChange(
                target: Target(hashing: "\(number)"), entries: [entry], expiresAt: Filling.now + Filling.lifetime,
                provenance: .received(
                    from: Mid(bits: .zero), at: Address(host: .v4(UInt32(number % 5000) << 8 | 1), port: 8090))))
    }
}
