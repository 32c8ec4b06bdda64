internal import IPv8

/// The changes of one commit, applied to one writing transaction.
///
/// It decides about each value by what is held of it (decision: higher version replaces, same version and data
/// refreshes, same version with other data stays unless its own signer sends it, lower is not taken), writes what
/// follows, numbers each change in the journal, and keeps the counts.
struct StorePass {
    let now: Instant
    let options: ArchiveOptions
    let room: DiskRoom
    /// Whether expired values may give up their place.
    let clockIsSteady: Bool
    /// The last change there is.
    var journal: JournalPlace
    var counts: CountsRecord
    var encoder = RecordEncoder()
    /// How many changes were written to the journal.
    var changeCount = 0
    /// Damaged records that were met.
    var damaged: [DamagedRecord] = []

    /// A refresh that moves the expiry by less needs no write.
    static let refreshWorthWriting: Duration = .seconds(60)

    /// Applies one change.
    mutating func apply(
        _ change: ArchiveChange, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> ArchiveOutcome {
        switch change {
        case .store(let store):
            var outcomes: [StoreOutcome] = []
            outcomes.reserveCapacity(store.entries.count)
            for entry in store.entries { outcomes.append(try keep(entry, of: store, in: transaction)) }
            return .store(outcomes)
        case .tokenSecrets(let secrets):
            return try keep(secrets, in: transaction)
        }
    }

    private mutating func keep(
        _ entry: Entry, of store: StoreChange, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        let offer = Offer(key: EntryKey(target: store.target, entry: entry), entry: entry, store: store)
        switch try held(offer.key, in: transaction) {
        case .nothing(let floor):
            if let floor, offer.version < floor { return .superseded }
            return try insert(offer, hasFloor: floor != nil, in: transaction)
        case .damaged(let floor, let record):
            if let floor, offer.version < floor { return .superseded }
            return try replaceDamaged(record, with: offer, in: transaction)
        case .record(let record):
            return try compare(offer, with: record, in: transaction)
        }
    }

    /// Decides about a value of which one is held under the same identity.
    private mutating func compare(
        _ offer: Offer, with held: EntryRecord, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        if offer.version < held.version { return .superseded }
        if offer.version > held.version { return try replace(held, with: offer, in: transaction) }
        if held.holds(offer.entry.data) { return try refresh(held, with: offer, in: transaction) }
        return offer.isFromItsSigner ? try replace(held, with: offer, in: transaction) : .kept
    }

    private mutating func insert(
        _ offer: Offer, hasFloor: Bool, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToGrow(in: transaction) { return .refused(refusal) }
        let neighbours = try neighbours(of: offer.key, in: transaction)
        if neighbours.ofClass >= options.perTargetMax(offer.key.entryClass) {
            guard clockIsSteady, let expired = try longestExpired(beside: offer.key, in: transaction) else {
                return .refused(.targetQuota)
            }
            try remove(expired, in: transaction)
        }
        if hasFloor {
            try withKey(offer.key.target.bits, offer.key.id.bits) { (key) throws(ArchiveError) in
                try transaction.delete(.floors, key)
            }
        }
        try write(offer, in: transaction)
        if neighbours.all == 0 { counts.targets += 1 }
        counts.add(offer.key.entryClass, count: 1, bytes: offer.entry.bytes.count)
        return .stored
    }

    private mutating func replace(
        _ held: EntryRecord, with offer: Offer, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToRewrite(in: transaction) { return .refused(refusal) }
        counts.add(offer.key.entryClass, count: 0, bytes: offer.entry.bytes.count - held.entry.count)
        try write(offer, in: transaction)
        return .replaced
    }

    private mutating func replaceDamaged(
        _ record: UnsafeRawBufferPointer, with offer: Offer, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToRewrite(in: transaction) { return .refused(refusal) }
        let heldBytes = EntryRecord.entryBytes(ofRecord: record.count)
        counts.add(offer.key.entryClass, count: 0, bytes: offer.entry.bytes.count - heldBytes)
        try quarantine(record, of: offer.key, in: transaction)
        try write(offer, in: transaction)
        return .stored
    }

    /// The bytes that came first stay: a signature of the older curves can be made anew by anybody.
    private mutating func refresh(
        _ held: EntryRecord, with offer: Offer, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> StoreOutcome {
        let expiresAt = max(held.expiresAt, offer.store.expiresAt)
        let becomesOurs = offer.store.provenance == .publishedHere && held.provenance != .publishedHere
        let comesBack = held.expiresAt <= now && expiresAt > now
        guard becomesOurs || comesBack || expiresAt - held.expiresAt >= StorePass.refreshWorthWriting else {
            return .refreshed
        }
        if let refusal = try refusalToRewrite(in: transaction) { return .refused(refusal) }
        encoder.encode(
            offer.key, entry: held.entry, version: held.version, firstSeen: held.firstSeen, lastStored: now,
            expiresAt: expiresAt, provenance: becomesOurs ? .publishedHere : held.provenance)
        try transaction.put(.entries, &encoder)
        try note(.entryChanged, offer.key, in: transaction)
        return .refreshed
    }
}

// MARK: - What is written

extension StorePass {
    private mutating func write(
        _ offer: Offer, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        encoder.encode(
            offer.key, entry: offer.entry.bytes, version: offer.version, firstSeen: now, lastStored: now,
            expiresAt: offer.store.expiresAt, provenance: offer.store.provenance)
        try transaction.put(.entries, &encoder)
        try note(.entryChanged, offer.key, in: transaction)
    }

    /// Takes an entry out and leaves its floor.
    private mutating func remove(
        _ expired: Expired, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        if expired.key.entryClass != .unsigned {
            encoder.encodeFloor(expired.key, version: expired.version, noted: now)
            try transaction.put(.floors, &encoder)
        }
        try expired.key.withBytes { (key) throws(ArchiveError) in try transaction.delete(.entries, key) }
        counts.add(expired.key.entryClass, count: -1, bytes: -expired.entryBytes)
        try note(.entryRemoved, expired.key, in: transaction)
    }

    /// Keeps the bytes of a damaged record, as they are, for whoever wants to look at them.
    private func quarantine(
        _ record: UnsafeRawBufferPointer, of key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        // The record's place in the map may be used again by the writes that follow.
        let copy = Array(record)
        let place = [Table.entries.rawValue] + key.bytes
        let result = place.withUnsafeBytes { place in
            copy.withUnsafeBytes { copy in
                Result { () throws(ArchiveError) in try transaction.put(.quarantine, place, copy) }
            }
        }
        try result.get()
    }

    private mutating func keep(
        _ secrets: [TokenSecret], in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> ArchiveOutcome {
        if let refusal = try refusalToRewrite(in: transaction) { return .refused(refusal) }
        let newest = secrets.sorted { $0.drawnAt > $1.drawnAt }.prefix(TokenSecret.countMax)
        for place in 0..<UInt8(TokenSecret.countMax) {
            if Int(place) < newest.count {
                encoder.encode(newest[Int(place)], place: place)
                try transaction.put(.secrets, &encoder)
            } else {
                try deleteSecret(place, in: transaction)
            }
        }
        return .tokenSecrets
    }

    private func deleteSecret(
        _ place: UInt8, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        let result = [SecretKind.token, place].withUnsafeBytes { key in
            Result { () throws(ArchiveError) in try transaction.delete(.secrets, key) }
        }
        try result.get()
    }

    /// Numbers a change.
    mutating func note(
        _ kind: JournalRecord.Kind, _ key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) {
        let (number, overflow) = journal.number.addingReportingOverflow(1)
        guard !overflow else {
            throw .damaged(path: transaction.view.environment.path, detail: "the journal's last number is impossible")
        }
        encoder.encodeChange(number, kind, key, at: now, previousChecksum: journal.checksum)
        journal = JournalPlace(number: number, checksum: try transaction.put(.journal, &encoder, isLast: true))
        changeCount += 1
    }
}
