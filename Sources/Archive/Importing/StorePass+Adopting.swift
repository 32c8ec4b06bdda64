internal import IPv8

/// Imports items, which keep their own past. Nothing is given up for them.
extension StorePass {
    /// Imports an item, if the archive's rules allow it.
    ///
    /// - Parameter isCopy: whether the archive has had nothing but what comes before in the dump.
    mutating func adopt(
        _ content: DumpContent, _ item: DumpItem, _ mode: ImportMode, isCopy: Bool
    ) throws(ArchiveError) -> ImportOutcome {
        switch content {
        case .pin(let subject, let since):
            return mode == .everything ? try adopt(subject, since, to: .pins) : .leftOut
        case .block(let subject, let since):
            return mode == .everything ? try adopt(subject, since, to: .blocks) : .leftOut
        case .publication:
            return mode == .everything ? try adoptPublication(item, isCopy) : .leftOut
        // Nobody signs a floor. It is the word of whoever made the dump, and a high one would lock out its signer.
        case .floor: return mode == .everything ? try adoptFloor(item) : .leftOut
        case .history: return try adoptHistory(item, mode)
        case .value(let record, let target):
            return try adoptValue(record, EntryKey(target: target, entry: record.entry), mode)
        case .evidence: return try adoptEvidence(item, mode)
        case .gone: return .refused(.malformed)
        }
    }

    private mutating func adopt(
        _ subject: ArchiveSubject, _ since: Instant, to table: Table
    ) throws(ArchiveError) -> ImportOutcome {
        guard try !transaction.view.has(table, subject.keyBytes) else { return .held }
        if try refusalToGrow() != nil { return .refused(.full) }
        guard try transaction.view.recordCount(table) < StorePass.subjectsMax else { return .refused(.tooMany) }
        encoder.encode(subject, since: since, in: table)
        try transaction.put(table, &encoder)
        try note(table == .pins ? .pinned : .blocked, subject.keyBytes)
        if table == .pins { hasPins = true } else { hasBlocks = true }
        return .taken
    }

    /// A copy gets publications as they are, even of values that were lost to damage over there.
    private mutating func adoptPublication(
        _ item: DumpItem, _ isCopy: Bool
    ) throws(ArchiveError) -> ImportOutcome {
        let offered = item.body.withUnsafeBytes { PublicationRecord(body: $0) }
        guard let key = EntryKey(bytes: item.key), let offered else { return .refused(.malformed) }
        let known = try lend(item.key) { (bytes) throws(ArchiveError) in
            try transaction.view.get(.publications, bytes).flatMap { PublicationRecord($0, key: bytes) }
        }
        if let known, known.lastChange >= offered.lastChange { return .held }
        let isStanding = offered.withdrawn == nil
        if isStanding, !isCopy, try !isHeld(key, atLeast: offered.version) { return .refused(.noValue) }
        if try refusalToGrow() != nil { return .refused(.full) }
        encoder.encode(offered, under: key)
        try transaction.put(.publications, &encoder)
        try note(isStanding ? .published : .withdrawn, key)
        if isStanding, !isCopy { try becomeOurs(key, offered.version) }
        return .taken
    }

    /// Keeps a value that came from others as one that was published here, now that its publication stands.
    private mutating func becomeOurs(_ key: EntryKey, _ version: Version) throws(ArchiveError) {
        for budget in [Budget.served, .retained] {
            guard var entry = try kept(key, in: budget), entry.facts.version == version, !entry.facts.isPublished
            else { continue }
            (entry.facts.provenance, entry.facts.isWithdrawn) = (.publishedHere, false)
            try rewrite(entry, under: key, in: budget)
        }
    }

    /// Whether a value is stored in this version or a later one, served or retained.
    private mutating func isHeld(_ key: EntryKey, atLeast version: Version) throws(ArchiveError) -> Bool {
        if case .record(let record, _) = try held(key) { return record.version >= version }
        return false
    }

    private mutating func adoptFloor(_ item: DumpItem) throws(ArchiveError) -> ImportOutcome {
        let place = item.key.withUnsafeBytes { SignerKey($0) }
        guard let offered = item.body.withUnsafeBytes({ FloorRecord(body: $0) }), let place else {
            return .refused(.malformed)
        }
        let entryClass: EntryClass = place.signer.bits == place.target.bits ? .owner : .signed
        let entryKey = EntryKey(target: place.target, entryClass: entryClass, id: EntryID(bits: place.signer.bits))
        switch try held(entryKey) {
        case .damaged: return .refused(.damagedHere)
        case .record(let record, _): return record.version >= offered.version ? .held : .conflicting
        case .nothing(let floor):
            if let floor, floor >= offered.version { return .held }
            if try isBlocked(place) { return .refused(.blocked) }
            guard let refusal = try refusalToAdd(FloorRecord.charge, to: .floors) else {
                try writeFloor(offered, under: place)
                return .taken
            }
            return .refused(refusal)
        }
    }

    private mutating func adoptEvidence(_ item: DumpItem, _ mode: ImportMode) throws(ArchiveError) -> ImportOutcome {
        let place = item.key.withUnsafeBytes { SignerKey($0) }
        guard var offered = item.body.withUnsafeBytes({ EvidenceRecord(body: $0) }), let place else {
            return .refused(.malformed)
        }
        if mode == .valuesOnly {
            (offered.source, offered.noted) = (Source(Address.none.host), min(offered.noted, now))
        }
        guard try !transaction.view.has(.evidence, item.key) else { return .held }
        if try isBlocked(place) { return .refused(.blocked) }
        if let refusal = try refusalToAdd(offered.charge, to: .evidence) { return .refused(refusal) }
        let isPinned = try isPinned(place.target, place.signer)
        encoder.encode(offered, under: place)
        try transaction.put(.evidence, &encoder)
        try file(
            Filing(
                budget: .evidence, source: isPinned ? .theOperator : offered.source, since: offered.noted,
                key: item.key, charge: offered.charge))
        try note(.evidenceAdded, item.key)
        return .taken
    }

    /// Why a budget has no room; `nil` if it has.
    func refusalToAdd(_ bytes: Int, to budget: Budget) throws(ArchiveError) -> ImportRefusal? {
        if try refusalToGrow() != nil { return .full }
        return !fitsBudgets || counts[budget].bytes + bytes <= options.budgets[budget] ? nil : .budget
    }

    func isBlocked(_ place: SignerKey) throws(ArchiveError) -> Bool {
        guard hasBlocks else { return false }
        if try transaction.view.has(.blocks, ArchiveSubject.key(place.target).keyBytes) { return true }
        return try transaction.view.has(.blocks, ArchiveSubject.signer(place.signer).keyBytes)
    }
}

extension PublicationRecord {
    /// When it was published, or withdrawn.
    fileprivate var lastChange: Instant { max(published, withdrawn ?? .distantPast) }
}
