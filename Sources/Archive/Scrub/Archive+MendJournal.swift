internal import IPv8
internal import Synchronization

extension Archive {
    /// Takes everything out of the journal up to the last place where the course of changes is broken: the records that
    /// are damaged go to the quarantine. What is left is a journal from whose front changes have been deleted, which is
    /// nothing unusual to those who follow it.
    ///
    /// A journal never loses its newest number, so a new change is noted where nothing would be left, or where there is
    /// nothing although there are values.
    ///
    /// - Returns: how many changes were taken out.
    func mendJournal(at now: Instant, _ report: inout RepairReport) throws(ArchiveError) -> Int {
        var course = JournalCourse()
        var after: [UInt8] = []
        while true {
            let batch = try records(of: .journal, after: after, limit: Archive.changesPerStep)
            for record in batch { course.take(record) }
            guard batch.count == Archive.changesPerStep, let last = batch.last else { break }
            after = last.key
        }
        let found = course
        report.quarantined[Table.journal.name] = found.damagedCount
        return try inPass(at: now, false) { (pass) throws(ArchiveError) in
            var dropped = 0
            if let broken = found.broken {
                var cursor = try pass.transaction.view.cursor(.journal)
                var isThere = try cursor.first()
                while isThere, !broken.lexicographicallyPrecedes(Array(cursor.key)) {
                    let record = RawRecord(key: Array(cursor.key), value: Array(cursor.value))
                    if JournalCourse.isDamaged(record) {
                        try pass.quarantine(record.value, from: .journal, under: record.key)
                    }
                    try cursor.delete()
                    dropped += 1
                    isThere = try cursor.next()
                }
            }
            guard try pass.transaction.view.recordCount(.journal) == 0 else { return dropped }
            let hasValues =
                try pass.transaction.view.recordCount(.entries) + pass.transaction.view.recordCount(.retained) > 0
            guard found.last > 0 || hasValues else { return dropped }
            // An index that has followed further would have the change deleted again.
            let number = max(found.last, journalNeededFrom.load(ordering: .acquiring))
            pass.journal = JournalPlace(number: number, checksum: 0)
            // It is about no value: whoever follows looks into the tables, and finds none.
            let nothing = EntryKey(target: Target(bits: .zero), entryClass: .unsigned, id: EntryID(bits: .zero))
            try pass.note(.valueRemoved, nothing)
            // Nobody knows which changes are lost.
            pass.encoder.encode(journalStart: pass.journal.number &+ 1)
            try pass.transaction.put(.meta, &pass.encoder)
            return dropped
        }
    }

    private static let changesPerStep = 16_384
}

/// Follows the course of changes from its beginning.
private struct JournalCourse {
    /// The last key at which the course is broken. Nothing up to there can be followed.
    private(set) var broken: [UInt8]?
    private(set) var damagedCount = 0
    /// The highest number that there is.
    private(set) var last: UInt64 = 0
    private var key: [UInt8]?
    private var place: JournalPlace?

    static func isDamaged(_ record: RawRecord) -> Bool {
        record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { key.count != 8 || JournalRecord($0, key: key) == nil }
        }
    }

    mutating func take(_ record: RawRecord) {
        defer { key = record.key }
        if record.key.count == 8 { last = max(last, record.key.withUnsafeBytes { $0.bigEndian(UInt64.self, at: 0) }) }
        guard !JournalCourse.isDamaged(record) else {
            (broken, place) = (record.key, nil)
            damagedCount += 1
            return
        }
        let (number, previous, checksum) = record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                (
                    key.bigEndian(UInt64.self, at: 0), JournalRecord(value, key: key)?.previousChecksum,
                    JournalRecord.checksum(of: value)
                )
            }
        }
        // The first one, and the one behind a damaged one, follow nothing that is known.
        if let place, place.number &+ 1 != number || place.checksum != previous { broken = key }
        place = JournalPlace(number: number, checksum: checksum)
    }
}
