internal import IPv8

/// Numbers the changes of a pass, and trims the journal.
extension StorePass {
    /// Numbers a change of a value.
    mutating func note(_ kind: JournalRecord.Kind, _ key: EntryKey) throws(ArchiveError) {
        encoder.encodeChange(try nextNumber(), kind, key, at: now, after: journal.checksum)
        try appendChange()
    }

    /// Numbers a change of any record, by its key.
    mutating func note(_ kind: JournalRecord.Kind, _ key: [UInt8]) throws(ArchiveError) {
        encoder.encodeChange(try nextNumber(), kind, key, at: now, after: journal.checksum)
        try appendChange()
    }

    private func nextNumber() throws(ArchiveError) -> UInt64 {
        let (number, overflow) = journal.number.addingReportingOverflow(1)
        guard !overflow else {
            throw .damaged(path: transaction.view.environment.path, detail: "the journal's last number is impossible")
        }
        return number
    }

    private mutating func appendChange() throws(ArchiveError) {
        let checksum = try transaction.put(.journal, &encoder, isLast: true)
        journal = JournalPlace(number: journal.number + 1, checksum: checksum)
        changeCount += 1
    }

    /// Deletes changes from the front of the journal that the index has and that are older than the journal is to be, or
    /// that make it larger. It deletes at most twice as many changes as the pass added, so that a long journal shrinks
    /// little by little. The newest change always stays.
    ///
    /// - Parameter neededFrom: the first change that the index still needs.
    mutating func trimJournal(below neededFrom: UInt64) throws(ArchiveError) {
        let pageBytes = transaction.view.environment.pageBytes
        let isTooLarge = try transaction.view.pageCount(.journal) * pageBytes > options.journalBytes
        // Ages mean nothing while the clock may be wrong.
        let horizon = clockIsSteady && trimsJournalByAge ? options.journalKeep.map { now - $0 } : nil
        guard isTooLarge || horizon != nil else { return }
        var cursor = try transaction.view.cursor(.journal)
        var left = 2 * changeCount
        var isThere = try cursor.first()
        while isThere, left > 0, cursor.key.count == 8,
            cursor.key.bigEndian(UInt64.self, at: 0) < min(neededFrom, journal.number)
        {
            if !isTooLarge, let horizon, let at = JournalRecord.time(of: cursor.value), at > horizon { return }
            try cursor.delete()
            left -= 1
            isThere = try cursor.next()
        }
    }
}
