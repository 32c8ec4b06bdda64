internal import IPv8

/// The places under a key: so many for each class of values, and who gives one up when all are taken.
///
/// What expired first retires. Where nothing has expired, the network that has most of the places gives up what it has had
/// longest, if the newcomer's network has fewer: so nobody keeps others out by filling a key, and who has one place there
/// never loses it.
extension StorePass {
    /// Sees that there is a place for a value; false where none may be given up for it.
    mutating func makePlace(
        for offer: Offer, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> Bool {
        let taken = try count(ofClassOf: offer.key, in: transaction)
        guard taken >= options.perTargetMax(offer.key.entryClass) else { return true }
        let neighbours = try neighbours(of: offer.key, in: transaction)
        if clockIsSteady, let expired = neighbours.expiredFirst(at: now) {
            try retire(expired.key, in: transaction)
            return try !transaction.view.has(.entries, expired.key.bytes)
        }
        guard let filing = neighbours.toGiveUp(for: Holder(offer.store.provenance), at: now) else { return false }
        return try giveUp(filing, in: transaction)
    }

    private func neighbours(
        of key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> Neighbours {
        var neighbours = Neighbours()
        try transaction.view.forEachEntry(under: key.target) { (bytes, value) throws(ArchiveError) in
            guard bytes[Bits160.byteCount] == key.entryClass.rawValue, let other = EntryKey(bytes),
                let record = EntryRecord(value, key: bytes),
                let filing = StorePass.filing(of: value, under: Array(bytes), in: .served)
            else { return }
            neighbours.values.append(
                Neighbours.Value(
                    key: other, filing: filing, expiresAt: record.expiresAt, lastStored: record.lastStored,
                    isPublished: record.isPublished))
        }
        return neighbours
    }
}

/// The sound values of one class under a key.
private struct Neighbours {
    var values: [Value] = []

    struct Value {
        let key: EntryKey
        let filing: Filing
        let expiresAt: Instant
        let lastStored: Instant
        let isPublished: Bool
    }

    /// What has been expired for longest, if anything has.
    func expiredFirst(at now: Instant) -> Value? {
        values.filter { !$0.isPublished && $0.expiresAt <= now }.min { $0.expiresAt < $1.expiresAt }
    }

    /// What is given up for a newcomer; nothing where no network has two places more than the newcomer's. What is stored at
    /// this moment stays, since it is about to be acknowledged.
    func toGiveUp(for newcomer: Holder, at now: Instant) -> Filing? {
        var places: [Holder: Int] = [:]
        for value in values { places[value.filing.holder, default: 0] += 1 }
        let own = places[newcomer, default: 0]
        places[.theOperator] = nil
        guard let most = places.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), most.value > own + 1 else {
            return nil
        }
        return values.filter { $0.filing.holder == most.key && $0.lastStored != now }
            .min { $0.filing.since < $1.filing.since }?.filing
    }
}
