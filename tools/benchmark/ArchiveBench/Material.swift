import Archive
import Foundation
import IPv8
import SplitMix

/// The benchmark's values, each with its own key and signer; always the same.
struct Material {
    /// How many have been made.
    private(set) var made = 0
    /// Some of the keys, for lookups.
    private(set) var sample: [Target] = []
    private let sampleEvery: Int
    private var dice: SplitMix64
    private static let sampleCount = 50_000

    /// - Parameter count: roughly how many will be made.
    init(count: Int) {
        dice = SplitMix64(seed: UInt64(count))
        sampleEvery = max(1, count / Material.sampleCount)
    }

    /// Different values than before.
    init(more seed: UInt64) {
        dice = SplitMix64(seed: seed)
        sampleEvery = 1
    }

    /// Values under random keys, as from a network.
    mutating func stores(_ count: Int, at now: Instant) throws -> [StoreChange] {
        try (0..<count).map { _ in try store(high: dice.next(), at: now) }
    }

    /// Values under keys at random, in the order of the keys: many of them dirty few pages, so that filling takes less
    /// time. The distances between keys that were thrown at random are themselves known, so nothing has to be sorted.
    ///
    /// - Parameter passes: the number of ascents through all keys in which they are made.
    mutating func ascend(
        _ count: Int, passes: Int, group: Int, at now: () -> Instant, _ body: ([StoreChange]) throws -> Void
    ) throws {
        let perPass = max(1, count / passes)
        let distance = 18_446_744_073_709_551_616.0 / Double(perPass)
        while made < count {
            var high = 0.0
            while made < count, high < 18_446_744_073_709_549_568.0 {
                var stores: [StoreChange] = []
                let moment = now()
                while stores.count < group, made < count {
                    high += -log(Double.random(in: Double.leastNonzeroMagnitude..<1, using: &dice)) * distance
                    guard high < 18_446_744_073_709_549_568.0 else { break }
                    stores.append(try store(high: UInt64(high), at: moment))
                }
                if !stores.isEmpty { try body(stores) }
            }
        }
    }

    private mutating func store(high: UInt64, at now: Instant) throws -> StoreChange {
        let target = Target(bits: Bits160(high: high, middle: dice.next(), low: UInt32(truncatingIfNeeded: made)))
        if made % sampleEvery == 0, sample.count < Material.sampleCount { sample.append(target) }
        defer { made += 1 }
        return StoreChange(
            target: target, entries: [try Material.entry(made)], expiresAt: now + .seconds(86_400),
            provenance: .received(from: Mid(bits: .zero), at: Address(host: .v4(1), port: 1)))
    }

    /// A value of a signed value's length; the archive leaves signatures to its caller.
    private static func entry(_ number: Int) throws -> Entry {
        let key = Array("LibNaCLPK:".utf8) + (0..<64).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) }
        let data = [UInt8](repeating: 7, count: 20)
        return try Entry(bytes: [1, 0, 20] + data + [0, 0, 0, 1, 0, 74] + key + [UInt8](repeating: 9, count: 64))
    }
}
