import Archive
import Foundation
import IPv8

/// Makes an archive that has something of everything, the same each time: for the tests of the dump tool.
struct Sampling {
    private let folder: String
    private let keys: [PrivateKey]
    private var now = ArchiveWriter.now

    init(folder: String) throws {
        self.folder = folder
        keys = try (1...4).map { number in
            try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: UInt8(number), count: 64))
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// - Parameter count: how many plain values there are beside the rest.
    mutating func run(count: Int) throws {
        try leaveFloors()
        let archive = try Archive.open(folder: folder, options: ArchiveWriter.options, now: now)
        try storeVersions(archive)
        try storeOthers(archive)
        try decide(archive)
        for start in stride(from: 0, to: count, by: 512) {
            try storePlain(archive, start..<min(count, start + 512))
        }
        try retire(archive)
        while try !archive.follow().isCurrent {}
        archive.close()
    }

    /// Values whose retention is over: their versions stay as floors.
    private mutating func leaveFloors() throws {
        var options = ArchiveWriter.options
        options.retention.signed = .seconds(1)
        let archive = try Archive.open(folder: folder, options: options, now: now)
        for number in 0..<3 {
            try store(archive, "gone \(number)", try signed("gone", version: UInt32(5 + number), by: number), for: 60)
        }
        now = now + .seconds(86_400)
        while try !archive.sweep(at: now, limit: 1000).endsRound {}
        archive.close()
    }

    /// Earlier versions, of several signers, from IPv4 and IPv6, one of them the key's owner.
    private mutating func storeVersions(_ archive: Archive) throws {
        for version in 1...4 {
            now = now + .milliseconds(1001)
            for signer in 0..<2 {
                let entry = try signed("version \(version)", version: UInt32(version), by: signer)
                try store(archive, "several", entry, for: 86_400 * 3650, from: signer == 0 ? Self.peer : Self.peerV6)
            }
            let mid = keys[2].publicKey.mid
            let entry = try signed("owner \(version)", version: UInt32(version), by: 2)
            try store(archive, Target(bits: mid.bits), entry, for: 3600, from: Self.peer)
        }
    }

    private mutating func storeOthers(_ archive: Archive) throws {
        try store(
            archive, "greeting", try Entry(unsigned: Array("unsigned, with \"quotes\", and a comma".utf8)), for: 60)
        try store(archive, "greeting", try Entry(unsigned: [0, 255, 10, 13, 44]), for: 86_400 * 3650)
        try store(archive, "greeting", try Entry(unsigned: []), for: 86_400)
        // The same version with other data, from somebody else and from its signer.
        try store(archive, "twice", try signed("first", version: 7, by: 3), for: 7200)
        try store(archive, "twice", try signed("second", version: 7, by: 3), for: 7200)
    }

    /// What the operator publishes, withdraws, pins and bars.
    private mutating func decide(_ archive: Archive) throws {
        try store(archive, "ours", try signed("ours", version: 1, by: 0), for: 3600, from: .publishedHere)
        let withdrawn = try Entry(unsigned: Array("withdrawn".utf8))
        try store(archive, "ours", withdrawn, for: 3600, from: .publishedHere)
        now = now + .seconds(5)
        let barred = Target(hashing: "barred later")
        try store(archive, "barred later", try Entry(unsigned: [1, 2, 3]), for: 3600)
        _ = try archive.commit(
            [
                .withdraw(Target(hashing: "ours"), withdrawn), .pin(.key(Target(hashing: "greeting"))),
                .pin(.signer(keys[1].publicKey.mid)), .block(.key(barred)),
                .block(.signer(Mid(bits: Target(hashing: "nobody").bits))),
            ], at: now)
        try store(archive, "pinned", try signed("pinned", version: 2, by: 1), for: 3600)
    }

    private mutating func storePlain(_ archive: Archive, _ range: Range<Int>) throws {
        now = now + .milliseconds(7)
        let changes = try range.map { number in
            ArchiveChange.store(
                StoreChange(
                    target: Target(hashing: "plain \(number)"),
                    entries: [try signed("plain \(number)", version: UInt32(number + 1), by: number % 4)],
                    expiresAt: now + .seconds(86_400 * 3650), provenance: Self.peer))
        }
        _ = try archive.commit(changes, at: now)
    }

    /// What has expired leaves the serving window.
    private mutating func retire(_ archive: Archive) throws {
        now = now + .seconds(86_400 * 2)
        while try !archive.sweep(at: now, limit: 1000).endsRound {}
    }

    private static let peer = Provenance.received(
        from: Mid(bits: Bits160(high: 1, middle: 2, low: 3)), at: Address(host: .v4(0xC633_6407), port: 8090))
    private static let peerV6 = Provenance.received(
        from: Mid(bits: Bits160(high: 4, middle: 5, low: 6)), at: Address(host: .v6(0x2001_0DB8 << 32, 9), port: 1))

    private func signed(_ text: String, version: UInt32, by signer: Int) throws -> Entry {
        try Entry(data: Array(text.utf8), version: Version(version), signedBy: keys[signer % keys.count])
    }

    private mutating func store(
        _ archive: Archive, _ name: String, _ entry: Entry, for seconds: Int64,
        from provenance: Provenance = Sampling.peer
    ) throws {
        try store(archive, Target(hashing: name), entry, for: seconds, from: provenance)
    }

    private mutating func store(
        _ archive: Archive, _ target: Target, _ entry: Entry, for seconds: Int64, from provenance: Provenance
    ) throws {
        now = now + .nanoseconds(1_000_001)
        let change = StoreChange(
            target: target, entries: [entry], expiresAt: now + .seconds(seconds), provenance: provenance)
        _ = try archive.commit([.store(change)], at: now)
    }
}
