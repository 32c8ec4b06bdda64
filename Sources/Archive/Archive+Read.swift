public import IPv8
internal import Synchronization

extension Archive {
    /// What the overlay is served under a target: entries that have not expired, in their serialized form.
    ///
    /// First those of the target's owner, then other signed ones, then unsigned ones; in each class the newest version
    /// first, of unsigned ones that which came last. A refresh moves none. Damaged records are left out and remembered.
    ///
    /// - Parameters:
    ///   - offset: how many to pass over.
    ///   - limit: how many to return at most.
    public func page(of target: Target, offset: Int, limit: Int, at now: Instant) throws(ArchiveError) -> [[UInt8]] {
        try load(target, offset: offset, limit: limit, at: now).entries
    }

    /// As ``page(of:offset:limit:at:)``, and how many records had to be read for it.
    ///
    /// A target with few values is read whole. One with many has an order on the disk, and beyond what is returned and
    /// passed over only expired values are read.
    public func load(_ target: Target, offset: Int, limit: Int, at now: Instant) throws(ArchiveError) -> ServedPage {
        guard offset >= 0, limit > 0 else { return ServedPage() }
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        return try environment.read { (transaction) throws(ArchiveError) in
            let range = PageRange(offset: offset, limit: limit, now: now)
            if let page = try transaction.orderedPage(of: target, range, &damaged) { return page }
            return try transaction.sortedPage(of: target, range, &damaged)
        }
    }

    /// All that is held under a target, expired or not, in the order of the keys; damaged records are left out and
    /// remembered.
    public func records(of target: Target) throws(ArchiveError) -> [ArchivedRecord] {
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        return try environment.read { (transaction) throws(ArchiveError) in
            var records: [ArchivedRecord] = []
            try transaction.forEachEntry(under: target) { (key, value) throws(ArchiveError) in
                if let record = ArchivedRecord(value, key: key) {
                    records.append(record)
                } else {
                    damaged.append(DamagedRecord(table: Table.entries.name, key: Array(key)))
                }
            }
            return records
        }
    }

    /// The token secrets that were last kept, the newest first; damaged ones are left out and remembered.
    public func tokenSecrets() throws(ArchiveError) -> [TokenSecret] {
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        return try environment.read { (transaction) throws(ArchiveError) in
            var secrets: [TokenSecret] = []
            var cursor = try transaction.cursor(.secrets)
            var isThere = try cursor.first()
            while isThere {
                defer { isThere = (try? cursor.next()) ?? false }
                guard cursor.key.first == SecretKind.token else { continue }
                if let body = RecordChecksum.body(of: cursor.value, key: cursor.key, table: .secrets), body.count > 8 {
                    secrets.append(TokenSecret(bytes: Array(body[8...]), drawnAt: body.instant(at: 0)))
                } else {
                    damaged.append(DamagedRecord(table: Table.secrets.name, key: Array(cursor.key)))
                }
            }
            return secrets.sorted { $0.drawnAt > $1.drawnAt }
        }
    }

    /// How much there is, without walking anything.
    public func statistics() throws(ArchiveError) -> ArchiveStatistics {
        let position = indexPosition.withLock { $0 }
        return try environment.read { (transaction) throws(ArchiveError) in
            ArchiveStatistics(
                counts: try transaction.counts() ?? CountsRecord(),
                liveBytes: try transaction.livePageCount() * environment.pageBytes, mapBytes: environment.mapBytes,
                journalLast: try transaction.journalEnd().number, position: position,
                damagedRecords: damagedRecords.count)
        }
    }
}

extension ArchivedRecord {
    /// Reads a record of the table of entries, or of the retained ones; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, table: Table = .entries) {
        guard let record = EntryRecord(value, key: key, table: table) else { return nil }
        self.init(record)
    }
}
