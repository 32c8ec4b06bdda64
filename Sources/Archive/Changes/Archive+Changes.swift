public import IPv8

extension Archive {
    /// How many changes a page has at most: one short transaction.
    public static let changesPerPageMax = 4096

    /// The changes after a number, in order.
    ///
    /// Throws `tooFarBehind` if some of them are no longer in the journal: then only a new copy of the archive helps. Throws
    /// `aheadOfArchive` if the archive has not come so far, as after the restore of a backup.
    ///
    /// Throws `otherChange` if the archive has another change of that number, as after the restore of a backup.
    ///
    /// - Parameters:
    ///   - number: of the last change that the caller has; 0 for all.
    ///   - time: when that change was made; `nil` if the caller does not know.
    ///   - limit: how many changes to return at most.
    public func changes(
        after number: UInt64, madeAt time: Instant? = nil, limit: Int = 1024
    ) throws(ArchiveError) -> ChangePage {
        let limit = min(max(1, limit), Archive.changesPerPageMax)
        return try environment.read { (transaction) throws(ArchiveError) in
            if let time, let made = try transaction.timeOfChange(number), made != time {
                throw .otherChange(number: number)
            }
            return try transaction.changes(of: identity.archiveID, after: number, limit: limit)
        }
    }

    /// The first change that is still available, and the last one.
    public func changeNumbers() throws(ArchiveError) -> (firstAvailable: UInt64, last: UInt64) {
        try environment.read { (transaction) throws(ArchiveError) in
            (try transaction.journalStart(), try transaction.journalEnd().number)
        }
    }

    /// Waits until the archive has a change after a number, the task is cancelled, or the archive is closed. Nothing is read
    /// meanwhile, and stores do not wait for it.
    public func waitForChange(after number: UInt64) async { await lastChange.wait(after: number) }
}

extension ReadTransaction {
    /// When a change was made; `nil` if it is no longer there.
    fileprivate func timeOfChange(_ number: UInt64) throws(ArchiveError) -> Instant? {
        try lend(number.bigEndianBytes) { (key) throws(ArchiveError) in
            try get(.journal, key).flatMap { JournalRecord.time(of: $0) }
        }
    }

    fileprivate func changes(
        of archiveID: [UInt8], after number: UInt64, limit: Int
    ) throws(ArchiveError) -> ChangePage {
        let last = try journalEnd().number
        var page = ChangePage(archiveID: archiveID, firstAvailable: try journalStart(), last: last, changes: [])
        guard number <= last else { throw .aheadOfArchive(after: number, last: last) }
        guard page.firstAvailable <= number &+ 1 else {
            throw .tooFarBehind(after: number, firstAvailable: page.firstAvailable)
        }
        var expected = number
        try forEach(.journal, prefix: [], after: number.bigEndianBytes) { (key, value) throws(ArchiveError) in
            expected += 1
            guard key.count == 8, key.bigEndian(UInt64.self, at: 0) == expected,
                let change = JournalRecord(value, key: key)
            else {
                throw .damaged(path: environment.path, detail: "change \(expected) of the journal")
            }
            let place = ChangePlace(archiveID: archiveID, number: expected, at: change.at)
            page.changes.append(ChangeRow(try content(of: change), at: place))
            return page.changes.count < limit
        }
        return page
    }

    /// The record that a change names, as it is now. A damaged record counts as gone: the scrub removes it.
    private func content(of change: JournalRecord) throws(ArchiveError) -> ChangeContent {
        let kind = change.kind.item
        if change.isForgotten, let hash = Digest256(bytes: change.subject) { return .forgotten(kind, hash) }
        if let item = try item(kind, change.subject), let row = DumpRow(item) { return .put(item, row) }
        return .gone(kind, key: Array(change.subject))
    }

    /// A record as an item of a dump; `nil` if it is missing or damaged.
    func item(_ kind: DumpItem.Kind, _ key: UnsafeRawBufferPointer) throws(ArchiveError) -> DumpItem? {
        for table in kind.tables {
            guard let value = try get(table, key), let body = RecordChecksum.body(of: value, key: key, table: table)
            else { continue }
            let item = DumpItem(kind: kind, key: Array(key), body: Array(body))
            if item.fault == nil { return item }
        }
        return nil
    }
}
