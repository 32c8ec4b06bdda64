internal import IPv8

/// How a record is filed in the accounts, derived from the record itself.
extension StorePass {
    /// The filing of the record under a key, with the source that the record names; `nil` without a readable record. The
    /// checksum is not checked here: it matters when a record is served.
    func filing(of key: [UInt8], in budget: Budget) throws(ArchiveError) -> Filing? {
        try lend(key) { (bytes) throws(ArchiveError) -> Filing? in
            guard let value = try transaction.view.get(budget.table, bytes) else { return nil }
            return StorePass.filing(of: value, under: key, in: budget)
        }
    }

    /// The filing of a record.
    static func filing(of value: UnsafeRawBufferPointer, under key: [UInt8], in budget: Budget) -> Filing? {
        let charge = key.count + value.count
        switch budget {
        case .served, .retained:
            return EntryRecord(unchecked: value).map {
                Filing(budget: budget, source: $0.source, since: $0.firstSeen, key: key, charge: charge)
            }
        case .history:
            return HistoryRecord(unchecked: value).map {
                Filing(
                    budget: budget, source: $0.record.source, since: $0.record.firstSeen, key: key, charge: charge)
            }
        case .floors:
            return FloorRecord(unchecked: value).map {
                Filing(budget: budget, source: $0.source, since: $0.noted, key: key, charge: charge)
            }
        case .evidence:
            return EvidenceRecord(unchecked: value).map {
                Filing(budget: budget, source: $0.source, since: $0.noted, key: key, charge: charge)
            }
        }
    }

    /// The filing that the accounts have: under the operator if the record was moved there, else under its source.
    func presentFiling(of key: [UInt8], in budget: Budget) throws(ArchiveError) -> Filing? {
        guard let filing = try filing(of: key, in: budget) else { return nil }
        let own = Filing(filing, source: .theOperator)
        return try transaction.view.has(.ages, AccountKey.age(own)) ? own : filing
    }

    /// Whether a record is pinned, or was published here.
    func isProtected(_ filing: Filing) throws(ArchiveError) -> Bool {
        if filing.budget != .floors, try isPublished(filing) { return true }
        guard hasPins, let target = Bits160(filing.key.prefix(20)) else { return false }
        let isUnsigned = EntryKey(bytes: filing.key)?.entryClass == .unsigned
        let signer = isUnsigned ? nil : Bits160(filing.key.dropFirst(filing.key.count == 41 ? 21 : 20).prefix(20))
        return try isPinned(Target(bits: target), signer.map { Mid(bits: $0) })
    }

    private func isPublished(_ filing: Filing) throws(ArchiveError) -> Bool {
        try lend(filing.key) { (key) throws(ArchiveError) in
            guard let value = try transaction.view.get(filing.budget.table, key) else { return false }
            switch filing.budget {
            case .served, .retained: return EntryRecord(unchecked: value)?.isPublished ?? false
            case .history: return HistoryRecord(unchecked: value)?.record.isPublished ?? false
            case .floors, .evidence: return false
            }
        }
    }

    /// Whether the key or the signer is pinned.
    func isPinned(_ target: Target, _ signer: Mid?) throws(ArchiveError) -> Bool {
        guard hasPins else { return false }
        return try transaction.view.isPinned(target, signer)
    }

    /// The source that a value is charged to.
    func source(of facts: EntryFacts, under key: EntryKey) throws(ArchiveError) -> Source {
        try isPinned(key.target, key.optionalSigner) ? .theOperator : facts.source
    }

    /// Why a value is kept.
    func reason(of facts: EntryFacts, under key: EntryKey) throws(ArchiveError) -> Retention.Reason {
        try isPinned(key.target, key.optionalSigner) ? .pinned : facts.reason(key.entryClass)
    }
}

extension ReadTransaction {
    /// Whether the key or the signer is pinned.
    func isPinned(_ target: Target, _ signer: Mid?) throws(ArchiveError) -> Bool {
        if try has(.pins, ArchiveSubject.key(target).keyBytes) { return true }
        guard let signer else { return false }
        return try has(.pins, ArchiveSubject.signer(signer).keyBytes)
    }
}

extension EntryKey {
    /// Who signed; `nil` if nobody did.
    var optionalSigner: Mid? { entryClass == .unsigned ? nil : signer }
}

extension EntryFacts {
    /// Whether the operator published the value and has not withdrawn it.
    var isPublished: Bool { provenance == .publishedHere && !isWithdrawn }

    /// The source that the value is charged to unless it is pinned. A withdrawn value has no sender: it shares its prefix
    /// with all values without an address.
    var source: Source { isWithdrawn ? Source(Address.none.host) : Source(provenance) }

    /// Why it is kept unless it is pinned.
    func reason(_ entryClass: EntryClass) -> Retention.Reason {
        if isPublished { return .publishedHere }
        return entryClass == .unsigned ? .unsigned : .signed
    }
}
