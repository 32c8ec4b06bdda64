import DHTCore
import IPv8

/// A model of the disk: the higher version replaces, nothing is lost, expired values are not served.
struct ModelArchive {
    private var held: [Target: [Held]] = [:]

    private struct Held {
        var entry: Entry
        var expiresAt: Instant
    }

    /// Makes entries durable; false if a later version, or the same version with other data, is there.
    @discardableResult
    mutating func write(_ intent: StoreChange) -> Bool {
        var areAllHeld = true
        for entry in intent.entries {
            var values = held[intent.target] ?? []
            if let place = values.firstIndex(where: { $0.entry.id == entry.id }) {
                let known = values[place].entry.signature?.version ?? Version(0)
                let new = entry.signature?.version ?? Version(0)
                if new > known {
                    values[place] = Held(entry: entry, expiresAt: intent.expiresAt)
                } else {
                    values[place].expiresAt = max(values[place].expiresAt, intent.expiresAt)
                    areAllHeld = areAllHeld && new == known && values[place].entry == entry
                }
            } else {
                values.append(Held(entry: entry, expiresAt: intent.expiresAt))
            }
            held[intent.target] = values
        }
        return areAllHeld
    }

    /// Whether a value is durable, at its version or a later one.
    func holds(_ entry: Entry, under target: Target) -> Bool {
        let known = held[target]?.first { $0.entry.id == entry.id }?.entry
        guard let version = entry.signature?.version else { return known != nil }
        return known?.signature.map { $0.version >= version } ?? false
    }

    /// Whether exactly this value is durable.
    func holdsExactly(_ bytes: [UInt8], under target: Target) -> Bool {
        held[target]?.contains { $0.entry.bytes == bytes } ?? false
    }

    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        (held[target] ?? []).filter { $0.expiresAt > now }.dropFirst(offset).prefix(limit).map(\.entry.bytes)
    }
}
