internal import IPv8

/// How values leave the serving window, come back, and leave the archive.
extension StorePass {
    /// A sound record of a value, served or retained, copied out of the map.
    struct KeptEntry {
        var facts: EntryFacts
        var bytes: [UInt8]

        init(_ record: EntryRecord) {
            facts = record.facts
            bytes = Array(record.entry)
        }
    }

    /// The sound record under a key, served or retained.
    func kept(_ key: EntryKey, in budget: Budget) throws(ArchiveError) -> KeptEntry? {
        try key.withBytes { (bytes) throws(ArchiveError) -> KeptEntry? in
            guard let value = try transaction.view.get(budget.table, bytes) else { return nil }
            return EntryRecord(value, key: bytes, table: budget.table).map { KeptEntry($0) }
        }
    }

    /// Moves a value from the serving window to the retained values. Without room there it leaves the archive, or stays
    /// where it is if it is protected.
    mutating func retire(_ key: EntryKey) throws(ArchiveError) {
        guard let entry = try kept(key, in: .served) else { return }
        let reason = try reason(of: entry.facts, under: key)
        if options.retention.isOver(reason, expiresAt: entry.facts.expiresAt, at: now) {
            return try letGo(key, from: .served)
        }
        let charge = EntryRecord.charge(entryBytes: entry.bytes.count)
        guard try makeRoom(for: charge, in: .retained) else {
            let isProtected = reason == .pinned || reason == .publishedHere
            guard !isProtected else { return tally("retained.refused") }
            try takeOut(key, from: .served, leavesFloor: true, because: .valueEvicted)
            return tally("evicted.retained")
        }
        try drop(key, from: .served)
        try writeRetained(entry.bytes, entry.facts, key)
        tally("retired")
    }

    /// Writes a retained record, for which the caller has made room.
    mutating func writeRetained(
        _ entry: [UInt8], _ facts: EntryFacts, _ key: EntryKey, because kind: JournalRecord.Kind = .valueChanged
    ) throws(ArchiveError) {
        try quarantineRetained(key)
        encoder.encode(key, entry: entry, facts, in: .retained)
        try transaction.put(.retained, &encoder)
        let source = try source(of: facts, under: key)
        let charge = EntryRecord.charge(entryBytes: entry.count)
        try file(
            Filing(budget: .retained, source: source, since: facts.firstSeen, key: key.bytes, charge: charge))
        try note(kind, key)
    }

    /// Quarantines a retained record whose value is being served: only a damaged record can be in that place.
    private mutating func quarantineRetained(_ key: EntryKey) throws(ArchiveError) {
        let found = try key.withBytes { (bytes) throws(ArchiveError) in
            try transaction.view.get(.retained, bytes).map { Array($0) }
        }
        guard let found else { return }
        try drop(key, from: .retained)
        try quarantine(found, from: .retained, under: key.bytes)
    }

    /// Removes a value whose retention is over, and its history.
    mutating func letGo(_ key: EntryKey, from budget: Budget) throws(ArchiveError) {
        try takeOut(key, from: budget, leavesFloor: true)
        if key.entryClass != .unsigned { try removeHistory(of: key.target, key.signer) }
        tally("removed")
    }

    /// Removes a value from the archive.
    ///
    /// - Parameter leavesFloor: whether to keep the version as a floor, so that no lower one is taken.
    mutating func takeOut(
        _ key: EntryKey, from budget: Budget, leavesFloor: Bool, because kind: JournalRecord.Kind = .valueRemoved
    ) throws(ArchiveError) {
        let floor = try key.withBytes { (bytes) throws(ArchiveError) -> (Version, Source)? in
            guard let value = try transaction.view.get(budget.table, bytes) else { return nil }
            if let record = EntryRecord(value, key: bytes, table: budget.table) {
                return (record.version, record.source)
            }
            return EntryRecord.salvagedVersion(value).map { ($0, Source(Address.none.host)) }
        }
        try drop(key, from: budget)
        try note(kind, key)
        guard leavesFloor, key.entryClass != .unsigned, let (version, source) = floor else { return }
        try writeFloor(
            FloorRecord(version: version, noted: now, source: source),
            under: SignerKey(target: key.target, signer: key.signer))
    }

    /// Deletes a record and its charge.
    mutating func drop(_ key: EntryKey, from budget: Budget) throws(ArchiveError) {
        let bytes = key.bytes
        let recordBytes = try lend(bytes) { (bytes) throws(ArchiveError) in
            try transaction.view.get(budget.table, bytes)?.count
        }
        guard let recordBytes else { return }
        if let filing = try presentFiling(of: bytes, in: budget) {
            try unfile(filing)
        } else {
            counts[budget].add(Usage(count: -1, bytes: -(bytes.count + recordBytes)))
        }
        if budget == .served { try leaveOrder(key) }
        try transaction.delete(budget.table, bytes)
        guard budget == .served else { return }
        counts.add(key.entryClass, count: -1, bytes: -EntryRecord.entryBytes(ofRecord: recordBytes))
        if try transaction.view.firstKey(.entries, prefix: key.target.bytes) == nil { counts.targets -= 1 }
    }
}

// MARK: - Floors

extension StorePass {
    /// Writes a floor if its budget can make room.
    mutating func writeFloor(_ floor: FloorRecord, under key: SignerKey) throws(ArchiveError) {
        let replacesOne = try takeFloor(key)
        guard try makeRoom(for: FloorRecord.charge, in: .floors) else {
            if replacesOne { try note(.floorRemoved, key.bytes) }
            return tally("evicted.floors")
        }
        encoder.encode(floor, under: key)
        try transaction.put(.floors, &encoder)
        try note(.floorAdded, key.bytes)
        try file(
            Filing(
                budget: .floors, source: floor.source, since: floor.noted, key: key.bytes, charge: FloorRecord.charge))
    }

    /// Deletes the floor of a value's signer.
    mutating func deleteFloor(of key: EntryKey) throws(ArchiveError) {
        guard key.entryClass != .unsigned else { return }
        let key = SignerKey(target: key.target, signer: key.signer)
        if try takeFloor(key) { try note(.floorRemoved, key.bytes) }
    }

    /// Deletes a floor without a note in the journal.
    ///
    /// - Returns: whether there was one.
    private mutating func takeFloor(_ key: SignerKey) throws(ArchiveError) -> Bool {
        guard try transaction.view.has(.floors, key.bytes) else { return false }
        if let filing = try presentFiling(of: key.bytes, in: .floors) { try unfile(filing) }
        try transaction.delete(.floors, key.bytes)
        return true
    }

    /// Gives up a floor. One whose signer still has history stays, and counts as new again.
    mutating func giveUpFloor(_ filing: Filing) throws(ArchiveError) -> Bool {
        let key = filing.key.withUnsafeBytes { SignerKey($0) }
        let floor = try lend(filing.key) { (key) throws(ArchiveError) in
            try transaction.view.get(.floors, key).flatMap { FloorRecord($0, key: key) }
        }
        if let key, var floor, floor.noted != now,
            try transaction.view.firstKey(.history, prefix: key.bytes) != nil
        {
            try unfile(filing)
            floor.noted = now
            encoder.encode(floor, under: key)
            try transaction.put(.floors, &encoder)
            try file(Filing(filing, since: now))
            try note(.floorAdded, filing.key)
            return false
        }
        try unfile(filing)
        try transaction.delete(.floors, filing.key)
        try note(.floorRemoved, filing.key)
        return true
    }
}

extension Filing {
    /// The same record, as if it had come at another time.
    init(_ filing: Filing, since: Instant) {
        self = filing
        self.since = since
    }
}
