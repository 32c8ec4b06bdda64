internal import IPv8

/// Applies the items of an increment as they are: what counts is that the archive has what the other one has, not what its
/// own rules would make of it.
extension StorePass {
    /// Puts a record there, in the place of one with its key.
    mutating func put(_ item: DumpItem, _ content: DumpContent) throws(ArchiveError) {
        switch content {
        case .pin: try putStatement(item, in: .pins, because: .pinned)
        case .block: try putStatement(item, in: .blocks, because: .blocked)
        case .publication(let publication):
            try putStatement(
                item, in: .publications, because: publication.withdrawn == nil ? .published : .withdrawn)
        case .floor: try putCharged(item, in: .floors, because: .floorAdded)
        case .history: try putCharged(item, in: .history, because: .versionAdded)
        case .evidence: try putCharged(item, in: .evidence, because: .evidenceAdded)
        case .value(let record, let target): try putValue(record, EntryKey(target: target, entry: record.entry))
        case .gone: break
        }
    }

    private mutating func putStatement(
        _ item: DumpItem, in table: Table, because kind: JournalRecord.Kind
    ) throws(ArchiveError) {
        encoder.encode(item, in: table)
        try transaction.put(table, &encoder)
        try note(kind, item.key)
        if table == .pins { hasPins = true }
        if table == .blocks { hasBlocks = true }
    }

    private mutating func putCharged(
        _ item: DumpItem, in budget: Budget, because kind: JournalRecord.Kind
    ) throws(ArchiveError) {
        if let filing = try presentFiling(of: item.key, in: budget) { try unfile(filing) }
        encoder.encode(item, in: budget.table)
        try transaction.put(budget.table, &encoder)
        if var filing = try filing(of: item.key, in: budget) {
            if let place = SignerKey(prefixOf: item.key), try isPinned(place.target, place.signer) {
                filing.source = .theOperator
            }
            try file(filing)
        }
        try note(kind, item.key)
    }

    private mutating func putValue(_ record: ArchivedRecord, _ key: EntryKey) throws(ArchiveError) {
        let facts = EntryFacts(
            version: record.entry.signature?.version ?? Version(0), firstSeen: record.firstSeen,
            lastStored: record.lastStored, expiresAt: record.expiresAt, provenance: record.provenance,
            isWithdrawn: record.isWithdrawn)
        for budget in [Budget.served, .retained] { try drop(key, from: budget) }
        if facts.expiresAt > now {
            try write(record.entry.bytes, facts, key, because: .valueImported)
        } else {
            try writeRetained(record.entry.bytes, facts, key, because: .valueImported)
        }
    }

    /// Does nothing if the record is missing.
    mutating func remove(
        _ kind: DumpItem.Kind, _ key: [UInt8], because reason: JournalRecord.Kind = .valueRemoved
    ) throws(ArchiveError) {
        for table in kind.tables where try transaction.view.has(table, key) {
            switch table {
            case .pins, .blocks:
                try transaction.delete(table, key)
                try note(table == .pins ? .unpinned : .unblocked, key)
            default: try erase(RecordPlace(table: table, key: key), because: reason)
            }
        }
    }
}

extension SignerKey {
    /// The target and the signer that a key begins with; `nil` if it is too short.
    fileprivate init?(prefixOf key: [UInt8]) {
        guard let place = key.prefix(SignerKey.byteCount).withUnsafeBytes({ SignerKey($0) }) else { return nil }
        self = place
    }
}

extension RecordEncoder {
    /// Writes the record that an item of a dump is.
    fileprivate mutating func encode(_ item: DumpItem, in table: Table) {
        begin(table)
        append(raw: item.key)
        endKey()
        append(raw: item.body)
    }
}
