import Archive
import Foundation
import IPv8
import SplitMix

/// Stores groups of values without end.
struct Writing {
    private let archive: Archive
    private let group: Int
    private var random: SplitMix64
    private var version: UInt32
    private let keys: [PrivateKey]
    private let targets = (0..<200).map { Target(hashing: "target \($0)") }

    /// - Parameter round: each one stores versions above those of the one before.
    init(folder: String, round: UInt32, group: Int) throws {
        archive = try Archive.open(folder: folder, options: ArchiveWriter.options, now: ArchiveWriter.now)
        self.group = group
        random = SplitMix64(seed: UInt64(round))
        version = round &* 1_000_000
        keys = try (0..<16).map { number in
            try PrivateKey(bytes: Array("LibNaCLSK:".utf8) + [UInt8](repeating: UInt8(number), count: 64))
        }
    }

    /// Runs until it is killed, with the index following beside it.
    mutating func run() throws {
        let archive = archive
        Thread.detachNewThread {
            while true {
                do {
                    if try archive.follow(limit: 256).isCurrent { usleep(500) }
                } catch {
                    FileHandle.standardError.write(Data("\(error)\n".utf8))
                    exit(3)
                }
            }
        }
        while true { try storeGroup() }
    }

    /// Stores so many groups and closes the archive, going on after errors as a node does; each error's sentence goes
    /// to standard error once. What ought not to be is told there in lines that begin with `!`.
    mutating func endure(groups: Int) throws {
        var told: Set<String> = []
        func tell(_ text: String) {
            if told.insert(text).inserted { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
        }
        var groupsAfterFailure = 0
        for _ in 0..<groups where groupsAfterFailure < 3 {
            let wasReadOnly = archive.isReadOnly
            do {
                try storeGroup()
                if wasReadOnly { tell("! stored after the device had failed") }
            } catch {
                tell("\(error)")
            }
            if archive.isReadOnly { groupsAfterFailure += 1 }
            do {
                _ = try archive.follow(limit: 256)
            } catch {
                tell("\(error)")
            }
        }
        for target in targets { _ = try archive.page(of: target, offset: 0, limit: 8, at: ArchiveWriter.now) }
        for damaged in archive.damagedRecords { tell("! damaged: \(damaged.table) \(Hex.encode(damaged.key))") }
        archive.close()
    }

    private mutating func storeGroup() throws {
        var stores: [StoreChange] = []
        for _ in 0..<group { stores.append(try nextStore()) }
        let outcomes = try archive.commit(stores.map { .store($0) }, at: ArchiveWriter.now)
        var lines = ""
        for (store, outcome) in zip(stores, outcomes) {
            guard case .store(let values) = outcome else { continue }
            for (entry, value) in zip(store.entries, values) where value.isHeld && value != .kept {
                // What is superseded is acknowledged, but it is a later one that is held.
                if value != .superseded { lines += ArchiveWriter.line(store.target, entry) }
            }
        }
        FileHandle.standardOutput.write(Data(lines.utf8))
    }

    private mutating func nextStore() throws -> StoreChange {
        let target = targets[Int(random.next() % UInt64(targets.count))]
        let entries = try (0...Int(random.next() % 3)).map { _ in try nextEntry() }
        return StoreChange(
            target: target, entries: entries,
            expiresAt: ArchiveWriter.now + .seconds(86_400 + Int64(random.next() % 3600)),
            provenance: .received(from: keys[0].publicKey.mid, at: Address(host: .v4(0x7F00_0001), port: 1)))
    }

    /// Two thirds are signed, a fifth of those with a version that lies well behind.
    private mutating func nextEntry() throws -> Entry {
        let number = random.next()
        if number % 3 == 0 { return try Entry(unsigned: Array("unsigned \(number % 20_000)".utf8)) }
        version &+= 1
        let offered = number % 5 == 0 ? version &- min(version, 5000) : version
        return try Entry(
            data: Array("\(offered)".utf8), version: Version(offered),
            signedBy: keys[Int(number >> 32) % keys.count])
    }
}
