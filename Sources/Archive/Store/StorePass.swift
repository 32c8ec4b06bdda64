internal import IPv8
internal import Maintenance

/// The changes of one commit, in the transaction that writes them.
///
/// It compares each value with the stored one. A higher version replaces it, the same version and data refreshes it, the same
/// version with other data replaces it only if its signer sent it, a lower version is not taken. The pass writes the result,
/// numbers each change in the journal, and keeps the counts.
///
/// A value is served (table `entries`), then retained, then gone. What moves it:
///
/// | verb | from | to | why |
/// | --- | --- | --- | --- |
/// | ``retire(_:)`` | served | retained | it has expired |
/// | ``bringBack``, ``serveAgain(_:_:)``, ``serveOn`` | retained | served | it was stored here again; a clock was wrong; we stored it in the DHT |
/// | ``keepVersion(_:of:)`` | either | history | a higher version takes its place |
/// | ``letGo(_:from:)`` | retained | gone | its retention is over |
/// | ``giveUp`` | any | gone | its budget is needed for others |
/// | ``erase(_:)`` | any | gone | the operator has it forgotten: nothing is left of it |
/// | ``takeOut(_:of:)`` | any | quarantine | the record is damaged |
///
/// The last four end in ``takeOut(_:from:leavesFloor:because:)``, which may leave the version as a floor. It and the moves end in
/// ``drop(_:from:)``, which deletes a record and its charge.
struct StorePass: ~Copyable {
    let transaction: WriteTransaction
    let now: Instant
    let options: ArchiveOptions
    let room: DiskRoom
    /// Whether `now` can be trusted: only then expired values give up their place and earlier versions are thinned.
    let clockIsSteady: Bool
    /// Whether changes leave the journal for their age. What does not know a node's settings or its clock leaves them.
    var trimsJournalByAge = true
    /// Whether what is imported has to fit the budgets.
    var fitsBudgets = true
    /// Whether anything is pinned, or blocked.
    var hasPins: Bool
    var hasBlocks: Bool
    /// The last change.
    var journal: JournalPlace
    var counts: CountsRecord
    var encoder = RecordEncoder()
    /// How many changes were written to the journal.
    var changeCount = 0
    /// Damaged records that this pass came across.
    var damaged: [DamagedRecord] = []
    /// Changes of accounts that have not been written yet.
    var accountChanges: [Account: (count: Int, bytes: Int)] = [:]
    /// Event counts, by the counter's name.
    var tallies: [String: Int] = [:]
    /// What the tables held before.
    private let countsBefore: CountsRecord
    private let statementsBefore: StatementCounts

    /// A refresh that moves the expiry by less than this needs no write.
    static let refreshWorthWriting: Duration = .seconds(60)

    /// Begins a pass, with what the transaction's tables hold.
    static func begin(
        _ transaction: consuming WriteTransaction, at now: Instant, _ options: ArchiveOptions, room: DiskRoom,
        clockIsSteady: Bool
    ) throws(ArchiveError) -> StorePass {
        let counts = try transaction.view.counts() ?? CountsRecord()
        let statements = try transaction.view.statementCounts()
        let journal = try transaction.view.journalEnd()
        return StorePass(
            transaction, now, options, room, clockIsSteady: clockIsSteady, journal: journal, counts: counts,
            statements: statements)
    }

    private init(
        _ transaction: consuming WriteTransaction, _ now: Instant, _ options: ArchiveOptions, _ room: DiskRoom,
        clockIsSteady: Bool, journal: JournalPlace, counts: CountsRecord, statements: StatementCounts
    ) {
        self.transaction = transaction
        (self.now, self.options, self.room, self.clockIsSteady) = (now, options, room, clockIsSteady)
        self.journal = journal
        self.counts = counts
        countsBefore = counts
        statementsBefore = statements
        hasPins = statements[.pins] != 0
        hasBlocks = statements[.blocks] != 0
    }

    mutating func apply(_ change: ArchiveChange) throws(ArchiveError) -> ArchiveOutcome {
        switch change {
        case .store(let store):
            var outcomes: [StoreOutcome] = []
            outcomes.reserveCapacity(store.entries.count)
            for entry in store.entries { outcomes.append(try keep(entry, of: store)) }
            return .store(outcomes)
        case .tokenSecrets(let secrets):
            return try keep(secrets)
        case .pin(let subject): return try add(subject, to: .pins)
        case .unpin(let subject): return try remove(subject, from: .pins)
        case .block(let subject): return try add(subject, to: .blocks)
        case .unblock(let subject): return try remove(subject, from: .blocks)
        case .withdraw(let target, let entry):
            return try withdraw(EntryKey(target: target, entry: entry))
        case .refresh(let change):
            var changed = false
            for refreshed in change.values {
                changed = try serveOn(refreshed, under: change.target) || changed
            }
            return .done(changed: changed)
        }
    }

    /// Writes accounts and counts, and trims the journal.
    ///
    /// - Parameter neededFrom: the first change that the index still needs.
    mutating func settle(journalNeededFrom neededFrom: UInt64) throws(ArchiveError) {
        // LMDB counts each table's records itself, so nobody who changes these tables has to.
        counts.statements?.add(changesFrom: statementsBefore, to: try transaction.view.statementCounts())
        try writeAccounts()
        if counts != countsBefore {
            encoder.encode(counts)
            try transaction.put(.meta, &encoder)
        }
        if changeCount > 0 { try trimJournal(below: neededFrom) }
    }

    /// Counts an event.
    mutating func tally(_ name: String) { tallies[name, default: 0] += 1 }

    private mutating func keep(_ entry: Entry, of store: StoreChange) throws(ArchiveError) -> StoreOutcome {
        let offer = Offer(key: EntryKey(target: store.target, entry: entry), entry: entry, store: store)
        let outcome =
            try isBlocked(offer.key) ? .refused(.blocked) : try decide(offer)
        switch outcome {
        case .refused(let refusal): tally("refused.\(refusal.rawValue)")
        case .stored, .replaced, .refreshed:
            if store.provenance == .publishedHere { try notePublication(offer) }
        case .superseded, .kept: break
        }
        return outcome
    }

    private mutating func decide(_ offer: Offer) throws(ArchiveError) -> StoreOutcome {
        switch try held(offer.key) {
        case .nothing(let floor):
            if let floor, offer.version < floor { return .superseded }
            return try insert(offer, hasFloor: floor != nil)
        case .damaged(let floor, let record):
            if let floor, offer.version < floor { return .superseded }
            return try replaceDamaged(record, with: offer)
        case .record(let record, let budget):
            return try compare(offer, with: record, in: budget)
        }
    }

    /// Decides about a value when one with its identity is stored.
    private mutating func compare(
        _ offer: Offer, with held: EntryRecord, in budget: Budget
    ) throws(ArchiveError) -> StoreOutcome {
        if offer.version < held.version { return .superseded }
        if offer.version == held.version, held.holds(offer.entry.data) {
            return budget == .served
                ? try refresh(held, with: offer)
                : try bringBack(KeptEntry(held), with: offer)
        }
        let entry = KeptEntry(held)
        if offer.version == held.version {
            try keepEvidence(entry, against: offer, displacing: true)
            guard offer.isFromItsSigner else { return .kept }
        }
        return budget == .served
            ? try replace(entry, with: offer)
            : try replaceRetained(entry, with: offer)
    }

    private mutating func insert(_ offer: Offer, hasFloor: Bool) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToAdmit(offer) { return .refused(refusal) }
        if hasFloor { try deleteFloor(of: offer.key) }
        try write(offer.entry.bytes, offer.facts(at: now), offer.key)
        return .stored
    }

    /// Moves a retained value back into the serving window. Its bytes and the time of its arrival stay.
    ///
    /// - Parameters:
    ///   - isReturn: whether nobody published it just now.
    ///   - isStored: whether it was stored just now, here or elsewhere.
    private mutating func bringBack(
        _ held: KeptEntry, with offer: Offer, isReturn: Bool = false, isStored: Bool = true
    ) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToAdmit(offer) { return .refused(refusal) }
        try takeFromRetained(offer.key)
        var facts = held.facts
        if isStored { facts.lastStored = now }
        facts.expiresAt = max(facts.expiresAt, offer.store.expiresAt)
        if offer.store.provenance == .publishedHere { facts.provenance = .publishedHere }
        if !isReturn { facts.isWithdrawn = facts.isWithdrawn && offer.store.provenance != .publishedHere }
        try write(held.bytes, facts, offer.key)
        return .refreshed
    }

    /// Puts a value back that was retained because of a wrong clock: it has not expired after all. Where its target or
    /// the budget has no room, it stays where it is.
    mutating func serveAgain(_ key: EntryKey, _ held: KeptEntry) throws(ArchiveError) {
        guard let entry = try? Entry(bytes: held.bytes), try !transaction.view.has(.entries, key.bytes) else { return }
        let store = StoreChange(
            target: key.target, entries: [entry], expiresAt: held.facts.expiresAt, provenance: held.facts.provenance)
        let offer = Offer(key: key, entry: entry, store: store)
        _ = try bringBack(held, with: offer, isReturn: true, isStored: false)
    }

    /// Deletes the record of a value that comes back. While room was made for it, it may have left a floor already.
    private mutating func takeFromRetained(_ key: EntryKey) throws(ArchiveError) {
        try drop(key, from: .retained)
        try deleteFloor(of: key)
    }

    private mutating func replaceRetained(_ held: KeptEntry, with offer: Offer) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToAdmit(offer) { return .refused(refusal) }
        guard try keepVersion(held, of: offer.key) else { return .refused(.budget) }
        try takeFromRetained(offer.key)
        try write(offer.entry.bytes, offer.facts(at: now), offer.key)
        return .replaced
    }

    private mutating func replace(_ held: KeptEntry, with offer: Offer) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        // While room is made, the record that is about to go must not be what gives it.
        let filing = try presentFiling(of: offer.key.bytes, in: .served)
        if let filing { try unfile(filing) }
        let charge = EntryRecord.charge(entryBytes: offer.entry.bytes.count)
        guard try makeRoom(for: charge, in: .served),
            try keepVersion(held, of: offer.key)
        else {
            if let filing { try file(filing) }
            return .refused(.budget)
        }
        counts.add(offer.key.entryClass, count: -1, bytes: -held.bytes.count)
        try write(offer.entry.bytes, offer.facts(at: now), offer.key, isNew: false)
        return .replaced
    }

    private mutating func replaceDamaged(
        _ record: UnsafeRawBufferPointer, with offer: Offer
    ) throws(ArchiveError) -> StoreOutcome {
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        // The record's place in the map may be used again by the writes that follow.
        try quarantine(Array(record), from: .entries, under: offer.key.bytes)
        try takeOut(offer.key, from: .served, leavesFloor: true)
        let charge = EntryRecord.charge(entryBytes: offer.entry.bytes.count)
        guard try makeRoom(for: charge, in: .served) else { return .refused(.budget) }
        try deleteFloor(of: offer.key)
        try write(offer.entry.bytes, offer.facts(at: now), offer.key)
        return .stored
    }

    /// The bytes that came first stay: a signature of the older curves can be made anew by anybody.
    private mutating func refresh(_ held: EntryRecord, with offer: Offer) throws(ArchiveError) -> StoreOutcome {
        let expiresAt = max(held.expiresAt, offer.store.expiresAt)
        let becomesOurs = offer.store.provenance == .publishedHere && !held.isPublished
        let comesBack = held.expiresAt <= now && expiresAt > now
        guard becomesOurs || comesBack || expiresAt - held.expiresAt >= StorePass.refreshWorthWriting else {
            return .refreshed
        }
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        var entry = KeptEntry(held)
        entry.facts.lastStored = now
        entry.facts.expiresAt = expiresAt
        let filing = becomesOurs ? try presentFiling(of: offer.key.bytes, in: .served) : nil
        if becomesOurs { (entry.facts.provenance, entry.facts.isWithdrawn) = (.publishedHere, false) }
        encoder.encode(offer.key, entry: entry.bytes, entry.facts)
        try transaction.put(.entries, &encoder)
        if let filing { try refile(filing, to: .theOperator) }
        try note(.valueChanged, offer.key)
        return .refreshed
    }
}

// MARK: - What was stored again

extension StorePass {
    /// Serves a value on that we have stored in the DHT again. It comes back into the serving window if it has left it,
    /// but not into the archive: what has been forgotten or replaced meanwhile stays so.
    ///
    /// - Returns: whether it is still held.
    private mutating func serveOn(
        _ refreshed: RefreshChange.Refreshed, under target: Target
    ) throws(ArchiveError) -> Bool {
        let key = EntryKey(target: target, entry: refreshed.entry)
        for budget in [Budget.served, .retained] {
            guard var kept = try kept(key, in: budget), kept.bytes == refreshed.entry.bytes else {
                continue
            }
            guard budget == .served else {
                let store = StoreChange(
                    target: target, entries: [], expiresAt: refreshed.servedUntil, provenance: kept.facts.provenance)
                let offer = Offer(key: key, entry: refreshed.entry, store: store)
                return try bringBack(kept, with: offer, isReturn: true).isHeld
            }
            guard try refusalToRewrite() == nil else { return false }
            kept.facts.lastStored = now
            kept.facts.expiresAt = max(kept.facts.expiresAt, refreshed.servedUntil)
            encoder.encode(key, entry: kept.bytes, kept.facts)
            try transaction.put(.entries, &encoder)
            try note(.valueChanged, key)
            return true
        }
        return false
    }
}

// MARK: - What is written

extension StorePass {
    /// Writes a record of the serving window, for which there is room.
    ///
    /// - Parameter isNew: whether there is none under the key.
    mutating func write(
        _ entry: [UInt8], _ facts: EntryFacts, _ key: EntryKey, isNew: Bool = true,
        because kind: JournalRecord.Kind = .valueChanged
    ) throws(ArchiveError) {
        let neighbours = isNew ? try transaction.view.entryCount(key.target, max: OrderRule.valuesMax) : nil
        if neighbours == 0 { counts.targets += 1 }
        if !isNew { try moveInOrder(key, to: facts) }
        encoder.encode(key, entry: entry, facts)
        try transaction.put(.entries, &encoder)
        if let neighbours { try enterOrder(key, facts, neighbours: neighbours) }
        counts.add(key.entryClass, count: 1, bytes: entry.count)
        let source = try source(of: facts, under: key)
        let charge = EntryRecord.charge(entryBytes: entry.count)
        try file(
            Filing(budget: .served, source: source, since: facts.firstSeen, key: key.bytes, charge: charge))
        try note(kind, key)
    }

    /// Keeps the bytes of a damaged record, as they are, for anybody who wants to look at them.
    func quarantine(_ record: [UInt8], from table: Table, under key: [UInt8]) throws(ArchiveError) {
        try lend([table.rawValue] + key) { (place) throws(ArchiveError) in
            try lend(record) { (record) throws(ArchiveError) in try transaction.put(.quarantine, place, record) }
        }
    }

    private mutating func keep(_ secrets: [TokenSecret]) throws(ArchiveError) -> ArchiveOutcome {
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        let newest = secrets.sorted { $0.drawnAt > $1.drawnAt }.prefix(TokenSecret.countMax)
        for place in 0..<UInt8(TokenSecret.countMax) {
            if Int(place) < newest.count {
                encoder.encode(newest[Int(place)], place: place)
                try transaction.put(.secrets, &encoder)
            } else {
                try deleteSecret(place)
            }
        }
        return .tokenSecrets
    }

    private func deleteSecret(_ place: UInt8) throws(ArchiveError) {
        let result = [SecretKind.token, place].withUnsafeBytes { key in
            Result { () throws(ArchiveError) in try transaction.delete(.secrets, key) }
        }
        try result.get()
    }
}
