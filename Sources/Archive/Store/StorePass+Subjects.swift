internal import IPv8

/// The operator's decisions: pins, blocks, publications, withdrawals, and what to forget.
extension StorePass {
    /// The limit for pins, and for blocks.
    static let subjectsMax = 65_536

    /// Adds a subject to the table `pins` or `blocks`.
    mutating func add(_ subject: ArchiveSubject, to table: Table) throws(ArchiveError) -> ArchiveOutcome {
        guard try !transaction.view.has(table, subject.keyBytes) else { return .done(changed: false) }
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        guard try transaction.view.recordCount(table) < StorePass.subjectsMax else { return .refused(.tooMany) }
        encoder.encode(subject, since: now, in: table)
        try transaction.put(table, &encoder)
        try note(table == .pins ? .pinned : .blocked, subject.keyBytes)
        if table == .pins { hasPins = true } else { hasBlocks = true }
        return .done(changed: true)
    }

    /// Removes a subject from the table `pins` or `blocks`.
    mutating func remove(_ subject: ArchiveSubject, from table: Table) throws(ArchiveError) -> ArchiveOutcome {
        guard try transaction.view.has(table, subject.keyBytes) else { return .done(changed: false) }
        try transaction.delete(table, subject.keyBytes)
        try note(table == .pins ? .unpinned : .unblocked, subject.keyBytes)
        return .done(changed: true)
    }

    /// Whether the operator has blocked a value.
    func isBlocked(_ key: EntryKey) throws(ArchiveError) -> Bool {
        guard hasBlocks else { return false }
        if try transaction.view.has(.blocks, ArchiveSubject.key(key.target).keyBytes) { return true }
        guard key.entryClass != .unsigned else { return false }
        return try transaction.view.has(.blocks, ArchiveSubject.signer(key.signer).keyBytes)
    }

    /// Notes that a value was published here.
    mutating func notePublication(_ offer: Offer) throws(ArchiveError) {
        let known = try publication(offer.key)
        if let known, known.withdrawn == nil, known.version == offer.version { return }
        let since = known?.withdrawn == nil ? known?.published : nil
        encoder.encode(
            PublicationRecord(version: offer.version, published: since ?? now, withdrawn: nil), under: offer.key)
        try transaction.put(.publications, &encoder)
        try note(.published, offer.key)
    }

    private func publication(_ key: EntryKey) throws(ArchiveError) -> PublicationRecord? {
        try lend(key.bytes) { (bytes) throws(ArchiveError) in
            try transaction.view.get(.publications, bytes).flatMap { PublicationRecord($0, key: bytes) }
        }
    }

    /// Withdraws a value that was published here. From now on it is kept like anybody else's.
    mutating func withdraw(_ key: EntryKey) throws(ArchiveError) -> ArchiveOutcome {
        var standing = try publication(key)
        if standing == nil {
            // An import that was interrupted may have brought the value and not yet what says that it was published.
            for budget in [Budget.served, .retained] {
                guard let entry = try kept(key, in: budget), entry.facts.provenance == .publishedHere,
                    !entry.facts.isWithdrawn
                else { continue }
                standing = PublicationRecord(
                    version: entry.facts.version, published: entry.facts.firstSeen, withdrawn: nil)
            }
        }
        guard var publication = standing, publication.withdrawn == nil else { return .done(changed: false) }
        if let refusal = try refusalToRewrite() { return .refused(refusal) }
        publication.withdrawn = now
        encoder.encode(publication, under: key)
        try transaction.put(.publications, &encoder)
        try note(.withdrawn, key)
        for budget in [Budget.served, .retained] {
            guard var entry = try kept(key, in: budget), entry.facts.provenance == .publishedHere,
                !entry.facts.isWithdrawn
            else { continue }
            entry.facts.isWithdrawn = true
            try rewrite(entry, under: key, in: budget)
        }
        return .done(changed: true)
    }

    /// Writes the same value with other facts, and charges it to whom it belongs now.
    mutating func rewrite(_ entry: KeptEntry, under key: EntryKey, in budget: Budget) throws(ArchiveError) {
        let filing = try presentFiling(of: key.bytes, in: budget)
        encoder.encode(key, entry: entry.bytes, entry.facts, in: budget.table)
        try transaction.put(budget.table, &encoder)
        if let filing { try refile(filing, to: try source(of: entry.facts, under: key)) }
        try note(.valueChanged, key)
    }

    /// Erases a record without leaving a floor.
    mutating func erase(
        _ place: RecordPlace, because kind: JournalRecord.Kind = .valueForgotten
    ) throws(ArchiveError) {
        guard try transaction.view.has(place.table, place.key) else { return }
        switch place.table {
        case .entries, .retained:
            if let key = EntryKey(bytes: place.key) {
                let budget: Budget = place.table == .entries ? .served : .retained
                try takeOut(key, from: budget, leavesFloor: false, because: kind)
            }
        case .history, .floors, .evidence:
            guard let budget = Budget.allCases.first(where: { $0.table == place.table }) else { break }
            if let filing = try presentFiling(of: place.key, in: budget) {
                try unfile(filing)
            }
            try note(.removal(from: budget), place.key)
        case .publications:
            try note(.publicationRemoved, place.key)
        case .meta, .secrets, .journal, .quarantine, .pins, .blocks, .holdings, .ranks, .ages, .order:
            break
        }
        try transaction.delete(place.table, place.key)
        tally("forgotten")
    }
}

extension JournalRecord.Kind {
    /// The kind that says that a record of a budget is gone.
    static func removal(from budget: Budget) -> JournalRecord.Kind {
        switch budget {
        case .served, .retained: .valueRemoved
        case .history: .versionRemoved
        case .floors: .floorRemoved
        case .evidence: .evidenceRemoved
        }
    }
}

/// Where a record stands.
struct RecordPlace: Hashable {
    var table: Table
    var key: [UInt8]
}
