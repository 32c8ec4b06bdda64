internal import IPv8

/// Imports values and their earlier versions.
extension StorePass {
    /// Imports a value: into the serving window, or as a retained value if it has expired.
    mutating func adoptValue(
        _ record: ArchivedRecord, _ key: EntryKey, _ mode: ImportMode
    ) throws(ArchiveError) -> ImportOutcome {
        let facts = facts(of: record, mode)
        let held = try held(key)
        if try isBlocked(key) {
            guard case .record(let known, _) = held, known.version >= facts.version else { return .refused(.blocked) }
            // The values from before the block stay, and no others come.
            return .held
        }
        switch held {
        case .damaged: return .refused(.damagedHere)
        case .nothing(let floor):
            if let floor, facts.version < floor { return .superseded }
            if let refusal = try refusalToPlace(record.entry, facts, key) { return .refused(refusal) }
            if floor != nil { try deleteFloor(of: key) }
            try place(record.entry.bytes, facts, key)
            return .taken
        case .record(let held, let budget):
            if facts.version < held.version { return .superseded }
            guard facts.version == held.version else {
                return try replace(KeptEntry(held), in: budget, with: record.entry, facts, key)
            }
            guard held.holds(record.entry.data) else {
                let store = StoreChange(
                    target: key.target, entries: [record.entry], expiresAt: facts.expiresAt,
                    provenance: facts.provenance)
                try keepEvidence(
                    KeptEntry(held), against: Offer(key: key, entry: record.entry, store: store), displacing: false)
                return .conflicting
            }
            return try merge(facts, mode, into: KeptEntry(held), in: budget, key)
        }
    }

    /// Merges a value with the same stored value. The earlier arrival and the later expiry win, and of the rest what was written
    /// last. The stored bytes stay. From somebody else's dump only the expiry counts, limited to that of a store of today: age
    /// and sender are not signed, and would let the dump have the value given up before others.
    private mutating func merge(
        _ facts: EntryFacts, _ mode: ImportMode, into held: KeptEntry, in budget: Budget, _ key: EntryKey
    ) throws(ArchiveError) -> ImportOutcome {
        let isBelieved = mode == .everything
        var merged = isBelieved && facts.lastStored > held.facts.lastStored ? facts : held.facts
        if held.facts.isPublished, facts.provenance != .publishedHere {
            (merged.provenance, merged.isWithdrawn) = (.publishedHere, false)
        } else if facts.isWithdrawn, held.facts.provenance == .publishedHere {
            merged.isWithdrawn = true
        }
        if isBelieved { merged.firstSeen = min(facts.firstSeen, held.facts.firstSeen) }
        merged.expiresAt = max(facts.expiresAt, held.facts.expiresAt)
        guard merged != held.facts else { return .held }
        guard try refusalToRewrite() == nil else { return .refused(.full) }
        try drop(key, from: budget)
        try place(held.bytes, merged, key)
        return .taken
    }

    private mutating func replace(
        _ held: KeptEntry, in budget: Budget, with entry: Entry, _ facts: EntryFacts, _ key: EntryKey
    ) throws(ArchiveError) -> ImportOutcome {
        if let refusal = try refusalToPlace(entry, facts, key, isNew: budget != .served) {
            return .refused(refusal)
        }
        if try !isInHistory(held.bytes, key.target, key.signer) {
            let charge = HistoryRecord.charge(entryBytes: held.bytes.count)
            if let refusal = try refusalToAdd(charge, to: .history) { return .refused(refusal) }
            guard try keepVersion(held, of: key) else { return .refused(.budget) }
        }
        try drop(key, from: budget)
        try place(entry.bytes, facts, key)
        return .taken
    }

    /// Writes a value to the serving window or to the retained values, depending on its expiry.
    private mutating func place(_ bytes: [UInt8], _ facts: EntryFacts, _ key: EntryKey) throws(ArchiveError) {
        if facts.expiresAt > now {
            try write(bytes, facts, key, because: .valueImported)
        } else {
            try writeRetained(bytes, facts, key, because: .valueImported)
        }
    }

    /// Why there is no room for a value; `nil` if there is.
    ///
    /// - Parameter isNew: whether the serving window gets one more value of its target.
    private mutating func refusalToPlace(
        _ entry: Entry, _ facts: EntryFacts, _ key: EntryKey, isNew: Bool = true
    ) throws(ArchiveError) -> ImportRefusal? {
        let isServed = facts.expiresAt > now
        let charge = EntryRecord.charge(entryBytes: entry.bytes.count)
        if let refusal = try refusalToAdd(charge, to: isServed ? .served : .retained) {
            return refusal
        }
        guard isServed, isNew else { return nil }
        let isFull = try count(ofClassOf: key) >= options.perTargetMax(key.entryClass)
        return isFull ? .targetQuota : nil
    }
}

// MARK: - Earlier versions

extension StorePass {
    /// Takes an earlier version, with its number if that is free. Of somebody else's dump neither the number nor the time
    /// is believed, and none of it thins what is here.
    mutating func adoptHistory(_ item: DumpItem, _ mode: ImportMode) throws(ArchiveError) -> ImportOutcome {
        guard var key = item.key.withUnsafeBytes({ HistoryKey($0) }),
            case .history(_, var replacedAt, let record, _)? = DumpContent(item)
        else { return .refused(.malformed) }
        let place = SignerKey(target: key.target, signer: key.signer)
        if try isInHistory(record.entry.bytes, key.target, key.signer) { return .held }
        if try isBlocked(place) { return .refused(.blocked) }
        if mode == .valuesOnly {
            replacedAt = min(replacedAt, now)
            let count = try versions(of: key.target, key.signer).count
            guard count < HistoryThinning.countMaxWithoutClock else { return .refused(.budget) }
            key.number = 1
        }
        if let last = try lastVersion(of: place), last.number >= key.number {
            guard replacedAt >= last.replacedAt else { return .conflicting }
            key.number = last.number &+ 1
        }
        let charge = HistoryRecord.charge(entryBytes: record.entry.bytes.count)
        if let refusal = try refusalToAdd(charge, to: .history) { return .refused(refusal) }
        let facts = facts(of: record, mode)
        let isPinned = try isPinned(key.target, key.signer)
        encoder.encodeHistory(key, entry: record.entry.bytes, facts, replacedAt: replacedAt)
        try transaction.put(.history, &encoder)
        try file(
            Filing(
                budget: .history, source: isPinned ? .theOperator : facts.source, since: facts.firstSeen,
                key: key.bytes, charge: charge))
        try note(.versionAdded, key.bytes)
        try thin(place)
        return .taken
    }

    /// Limits the number of versions. They are not thinned by age again, because the other archive has done that.
    private mutating func thin(_ place: SignerKey) throws(ArchiveError) {
        let versions = try versions(of: place.target, place.signer)
        for index in HistoryThinning.excess(versions.map(\.firstSeen), clockIsSteady: false) {
            try removeVersion(
                HistoryKey(target: place.target, signer: place.signer, number: versions[index].number))
        }
    }

    private func isInHistory(_ entry: [UInt8], _ target: Target, _ signer: Mid) throws(ArchiveError) -> Bool {
        var isThere = false
        let prefix = SignerKey(target: target, signer: signer).bytes
        try transaction.view.forEach(.history, prefix: prefix) { (key, value) throws(ArchiveError) in
            isThere = HistoryRecord(value, key: key)?.record.entry.elementsEqual(entry) ?? false
            return !isThere
        }
        return isThere
    }

    private func lastVersion(of place: SignerKey) throws(ArchiveError) -> (number: UInt64, replacedAt: Instant)? {
        var last: (UInt64, Instant)?
        try transaction.view.forEach(.history, prefix: place.bytes) { (key, value) throws(ArchiveError) in
            if let number = HistoryKey(key)?.number {
                last = (number, HistoryRecord(unchecked: value)?.replacedAt ?? .distantPast)
            }
            return true
        }
        return last
    }
}

extension StorePass {
    /// What is to be known of an imported value. In somebody else's dump only the value proves itself. Who brought it is
    /// not believed, or a dump could charge its values to whomever it likes; nor is a time that lies ahead, or an expiry
    /// beyond that of a store of today.
    private func facts(of record: ArchivedRecord, _ mode: ImportMode) -> EntryFacts {
        var facts = EntryFacts(
            version: record.entry.signature?.version ?? Version(0), firstSeen: record.firstSeen,
            lastStored: record.lastStored, expiresAt: record.expiresAt, provenance: record.provenance,
            isWithdrawn: record.isWithdrawn)
        guard mode == .valuesOnly else { return facts }
        facts.firstSeen = min(facts.firstSeen, now)
        facts.lastStored = min(facts.lastStored, now)
        facts.expiresAt = min(facts.expiresAt, now + options.republishing.servedFor)
        (facts.provenance, facts.isWithdrawn) = (.received(from: Mid(bits: .zero), at: .none), false)
        return facts
    }
}
