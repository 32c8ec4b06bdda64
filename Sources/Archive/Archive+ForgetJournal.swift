internal import IPv8
internal import Synchronization

/// Takes the keys of forgotten records out of the journal, which is kept for those who follow it. A hash of the key stays,
/// so that a copy of the archive can still find out what to erase.
extension Archive {
    /// How far an erasure is in the journal.
    struct ForgottenChanges {
        /// The last change that was examined.
        var after: UInt64
        /// Later changes are about records that were stored again.
        let end: UInt64
    }

    /// Where to begin: the whole journal up to now.
    ///
    /// The index needs the keys to remove its rows, so it follows first. If it cannot, it is rebuilt when it meets a hash.
    func beginForgettingChanges() throws(ArchiveError) -> ForgottenChanges {
        for _ in 0..<Archive.followStepsMax {
            guard let step = try? follow(), !step.isCurrent, step.rebuild == nil else { break }
        }
        let end = try environment.read { (transaction) throws(ArchiveError) in try transaction.journalEnd() }
        return ForgottenChanges(after: 0, end: end.number)
    }

    /// Which records were forgotten.
    enum Forgotten {
        /// Those of keys and signers.
        case subjects(Set<ArchiveSubject>)
        /// Those whose keys have these hashes.
        case hashes(Set<Digest256>)
    }

    /// Takes the next step; `nil` if it was the last one.
    ///
    /// - Parameter limit: how many changes it rewrites at most.
    func forgetChanges(
        of forgotten: Forgotten, _ place: ForgottenChanges, limit: Int = deletionsPerCommit, at now: Instant
    ) throws(ArchiveError) -> ForgottenChanges? {
        let (numbers, last) = try environment.read { (transaction) throws(ArchiveError) in
            try Archive.changes(of: forgotten, place, limit, transaction)
        }
        if !numbers.isEmpty {
            try inPass(at: now, true) { (pass) throws(ArchiveError) in
                pass.trimsJournalByAge = false
                wiping.withLock { $0.isOutdated = true }
                try pass.noteForgotten()
                let digests = ShortDigests()
                for number in numbers { try pass.hashKey(ofChange: number, digests) }
            }
        }
        return last.map { ForgottenChanges(after: $0, end: place.end) }
    }

    private static func changes(
        of forgotten: Forgotten, _ place: ForgottenChanges, _ limit: Int, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> (numbers: [UInt64], last: UInt64?) {
        let digests = ShortDigests()
        var numbers: [UInt64] = []
        var examined = 0
        var last: UInt64?
        try transaction.forEach(.journal, prefix: [], after: place.after.bigEndianBytes) {
            (key, value) throws(ArchiveError) in
            guard last == nil, key.count == 8 else { return false }
            let number = key.bigEndian(UInt64.self, at: 0)
            guard number <= place.end else { return false }
            examined += 1
            if let change = JournalRecord(value, key: key), !change.isForgotten, concerns(forgotten, change, digests) {
                numbers.append(number)
            }
            if examined == recordsPerStep || numbers.count == limit { last = number }
            return true
        }
        return (numbers, last)
    }

    private static func concerns(_ forgotten: Forgotten, _ change: JournalRecord, _ digests: ShortDigests) -> Bool {
        let item = change.kind.item
        switch forgotten {
        case .hashes(let hashes):
            return hashes.contains(JournalRecord.hash(of: Array(change.subject), item, digests))
        case .subjects(let subjects):
            switch item {
            case .pin, .block: return ArchiveSubject(change.subject).map { subjects.contains($0) } ?? false
            case .value: return concerns(subjects, change.subject, in: .entries)
            case .publication: return concerns(subjects, change.subject, in: .publications)
            case .history: return concerns(subjects, change.subject, in: .history)
            case .floor: return concerns(subjects, change.subject, in: .floors)
            case .evidence: return concerns(subjects, change.subject, in: .evidence)
            }
        }
    }
}

extension StorePass {
    /// Replaces the key of a change by its hash, unless the record is there again.
    fileprivate mutating func hashKey(ofChange number: UInt64, _ digests: ShortDigests) throws(ArchiveError) {
        let key = number.bigEndianBytes
        let found = try lend(key) { (key) throws(ArchiveError) in
            try transaction.view.get(.journal, key).flatMap { JournalRecord($0, key: key) }
        }
        guard let found, !found.isForgotten else { return }
        let subject = Array(found.subject)
        for table in found.kind.item.tables where try transaction.view.has(table, subject) { return }
        let hash = JournalRecord.hash(of: subject, found.kind.item, digests)
        encoder.encodeForgottenChange(
            number, found.kind, hash, at: found.at, after: found.previousChecksum, checksum: found.checksum)
        try transaction.put(.journal, &encoder)
    }
}
