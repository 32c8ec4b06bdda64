internal import IPv8

/// The places under a key: a limited number for each class of values.
///
/// When all are taken, the value that expired first retires. If none has expired, the network with most places gives up its
/// oldest value, provided that the newcomer's network has fewer. So nobody can fill a key and keep others out, and a network
/// with one place never loses it. Values that are pinned or were published here keep their places.
extension StorePass {
    /// Frees a place for a value if necessary; false if none may be freed.
    mutating func makePlace(for offer: Offer) throws(ArchiveError) -> Bool {
        let taken = try count(ofClassOf: offer.key)
        guard taken >= options.perTargetMax(offer.key.entryClass) else { return true }
        let neighbours = try neighbours(of: offer.key)
        if clockIsSteady, let expired = neighbours.expiredFirst(at: now) {
            try retire(expired.key)
            return try !transaction.view.has(.entries, expired.key.bytes)
        }
        guard let oldest = neighbours.toGiveUp(for: Source(offer.store.provenance), at: now) else { return false }
        try takeOut(oldest, from: .served, leavesFloor: true, because: .valueEvicted)
        tally("evicted.served")
        return true
    }

    private func neighbours(of key: EntryKey) throws(ArchiveError) -> Neighbours {
        var neighbours = Neighbours()
        try transaction.view.forEachEntry(under: key.target) { (bytes, value) throws(ArchiveError) in
            guard bytes[Bits160.byteCount] == key.entryClass.rawValue, let other = EntryKey(bytes),
                let record = EntryRecord(value, key: bytes)
            else { return }
            neighbours.values.append(
                Neighbours.Value(
                    key: other, source: record.source, firstSeen: record.firstSeen, expiresAt: record.expiresAt,
                    lastStored: record.lastStored, isPublished: record.isPublished,
                    isPinned: try isPinned(other.target, other.optionalSigner)))
        }
        return neighbours
    }
}

/// The sound values of one class under a key.
private struct Neighbours {
    var values: [Value] = []

    struct Value {
        let key: EntryKey
        let source: Source
        let firstSeen: Instant
        let expiresAt: Instant
        let lastStored: Instant
        let isPublished: Bool
        let isPinned: Bool
    }

    func expiredFirst(at now: Instant) -> Value? {
        values.filter { !$0.isPublished && $0.expiresAt <= now }.min { $0.expiresAt < $1.expiresAt }
    }

    /// The value that goes for a newcomer; `nil` if no network has two places more than the newcomer's. Values that are being
    /// stored in this commit stay, because they are about to be acknowledged.
    func toGiveUp(for newcomer: Source, at now: Instant) -> EntryKey? {
        let others = values.filter { !$0.isPublished && !$0.isPinned }
        var places: [Source: Int] = [:]
        for value in others { places[value.source, default: 0] += 1 }
        let own = places[newcomer, default: 0]
        guard let most = places.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), most.value > own + 1 else {
            return nil
        }
        return others.filter { $0.source == most.key && $0.lastStored != now }
            .min { $0.firstSeen < $1.firstSeen }?.key
    }
}
