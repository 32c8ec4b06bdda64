internal import IPv8

/// A value of a store request.
struct Offer {
    let key: EntryKey
    let entry: Entry
    let store: StoreChange

    /// Zero for an unsigned value, which has only one version.
    var version: Version { entry.signature?.version ?? Version(0) }

    /// What the value's record will say.
    func facts(at now: Instant) -> EntryFacts {
        EntryFacts(
            version: version, firstSeen: now, lastStored: now, expiresAt: store.expiresAt,
            provenance: store.provenance)
    }

    /// Whether its signer sent the value, or the operator published it.
    var isFromItsSigner: Bool {
        switch store.provenance {
        case .publishedHere: true
        case .received(let sender, _): sender == entry.signature?.signer.mid
        }
    }
}

/// What the archive has under a key.
enum Held {
    /// No record, and the floor that an earlier record left.
    case nothing(floor: Version?)
    /// A damaged record, and its version if that can be trusted.
    case damaged(floor: Version?, UnsafeRawBufferPointer)
    /// A sound record, in the serving window or retained.
    case record(EntryRecord, in: Budget)
}

extension StorePass {
    /// Looks up a key; without a record, its signer's floor.
    mutating func held(_ key: EntryKey) throws(ArchiveError) -> Held {
        var damage: DamagedRecord?
        let held = try key.withBytes { (bytes) throws(ArchiveError) -> Held? in
            guard let value = try transaction.view.get(.entries, bytes) else { return nil }
            if let record = EntryRecord(value, key: bytes) { return .record(record, in: .served) }
            damage = DamagedRecord(table: Table.entries.name, key: Array(bytes))
            return .damaged(floor: EntryRecord.salvagedVersion(value), value)
        }
        if let held {
            if let damage { damaged.append(damage) }
            return held
        }
        if let retained = try heldAmongRetained(key) { return retained }
        guard key.entryClass != .unsigned else { return .nothing(floor: nil) }
        return .nothing(floor: try floor(key))
    }

    /// Looks up a retained value. A damaged record counts as no record, but its version still is a floor.
    private mutating func heldAmongRetained(_ key: EntryKey) throws(ArchiveError) -> Held? {
        var damage: DamagedRecord?
        let held = try key.withBytes { (bytes) throws(ArchiveError) -> Held? in
            guard let value = try transaction.view.get(.retained, bytes) else { return nil }
            if let record = EntryRecord(value, key: bytes, table: .retained) { return .record(record, in: .retained) }
            damage = DamagedRecord(table: Table.retained.name, key: Array(bytes))
            return .nothing(floor: EntryRecord.salvagedVersion(value))
        }
        if let damage { damaged.append(damage) }
        return held
    }

    private mutating func floor(_ key: EntryKey) throws(ArchiveError) -> Version? {
        var damage: DamagedRecord?
        let floor = try withKey(key.target.bits, key.id.bits) { (bytes) throws(ArchiveError) -> Version? in
            guard let value = try transaction.view.get(.floors, bytes) else { return nil }
            if let floor = FloorRecord(value, key: bytes) { return floor.version }
            damage = DamagedRecord(table: Table.floors.name, key: Array(bytes))
            return nil
        }
        if let damage { damaged.append(damage) }
        return floor
    }

    /// Makes room for a value in the serving window, under its key and in the budget; or says why it is refused.
    mutating func refusalToAdmit(_ offer: Offer) throws(ArchiveError) -> Refusal? {
        if let refusal = try refusalToGrow() { return refusal }
        guard try makePlace(for: offer) else { return .targetQuota }
        let charge = EntryRecord.charge(entryBytes: offer.entry.bytes.count)
        return try makeRoom(for: charge, in: .served) ? nil : .budget
    }

    /// How many values of a key's class the target has.
    func count(ofClassOf key: EntryKey) throws(ArchiveError) -> Int {
        var count = 0
        try transaction.view.forEachEntry(under: key.target) { (bytes, _) throws(ArchiveError) in
            if bytes[Bits160.byteCount] == key.entryClass.rawValue { count += 1 }
        }
        return count
    }

    /// Why new records are refused; `nil` if they are not.
    func refusalToGrow() throws(ArchiveError) -> Refusal? {
        guard room == .ample else { return .diskReserve }
        let liveBytes = try liveBytes()
        if liveBytes >= options.mapBytesForNew { return .diskReserve }
        return liveBytes < options.liveBytesMax ? nil : .quota
    }

    /// Why changes of existing records are refused; `nil` if they are not.
    func refusalToRewrite() throws(ArchiveError) -> Refusal? {
        guard room != .exhausted else { return .diskReserve }
        let liveBytes = try liveBytes()
        if liveBytes >= options.mapBytesForAll { return .diskReserve }
        return liveBytes < options.liveBytesHardMax ? nil : .quota
    }

    private func liveBytes() throws(ArchiveError) -> Int {
        try transaction.view.livePageCount() * transaction.view.environment.pageBytes
    }
}

extension EntryRecord {
    /// Whether the entry has this data.
    func holds(_ data: ArraySlice<UInt8>) -> Bool {
        guard let kind = entry.first else { return false }
        if kind == 0 { return entry.dropFirst().elementsEqual(data) }
        guard entry.count >= 3 else { return false }
        let count = Int(entry.bigEndian(UInt16.self, at: 1))
        return count == data.count && entry.dropFirst(3).prefix(count).elementsEqual(data)
    }
}

extension ReadTransaction {
    /// Walks over the records under a target, in the order of their keys, damaged ones too.
    func forEachEntry(
        under target: Target,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        try withKey(target.bits) { (prefix) throws(ArchiveError) in
            try walk(.entries, from: prefix, prefix: prefix) { (key, value) throws(ArchiveError) in
                guard key.count == EntryKey.byteCount else { return false }
                try body(key, value)
                return true
            }
        }
    }
}
