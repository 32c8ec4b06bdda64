package import IPv8

/// The reference's values: in memory, newest first, and served until a sweep finds them expired.
package struct ReferenceStore {
    private var values: [Target: [Value]] = [:]

    private struct Value {
        let id: EntryID
        let entry: Entry
        let storedAt: Instant
        let ageMax: Duration

        func isExpired(at now: Instant) -> Bool { now - storedAt > ageMax }
        var version: Version { entry.signature?.version ?? Version(0) }
    }

    /// `MAX_ENTRY_AGE`.
    static let ageMax: Duration = .seconds(3600)

    /// Stores a value. An older value of the same signer stays only if its version is higher.
    mutating func put(_ entry: Entry, under target: Target, at now: Instant, ageMax: Duration = ageMax) {
        let value = Value(id: entry.id, entry: entry, storedAt: now, ageMax: ageMax)
        var held = values[target] ?? []
        if let place = held.firstIndex(where: { $0.id == value.id }) {
            guard value.version >= held[place].version else { return }
            held.remove(at: place)
        }
        held.insert(value, at: 0)
        // The owner's value comes last, whatever its age.
        let isOwners = { (value: Value) in value.id.bits == target.bits }
        values[target] = held.filter { !isOwners($0) } + held.filter(isOwners)
    }

    /// The served values of a target, expired or not.
    package func page(of target: Target, offset: Int = 0, limit: Int = .max) -> [Entry] {
        (values[target] ?? []).dropFirst(offset).prefix(limit).map(\.entry)
    }

    /// Removes expired values: of each target the last ones, up to the first that has not expired.
    mutating func sweep(at now: Instant) {
        for (target, held) in values {
            var left = held
            while let last = left.last, last.isExpired(at: now) { left.removeLast() }
            values[target] = left.isEmpty ? nil : left
        }
    }
}
