public import IPv8

extension Archive {
    /// Erases everything that there is of a key or a signer, for good: values, earlier versions, evidence, floors,
    /// publications, pins, and what is in quarantine of them. Only that something was removed under the key stays in the
    /// journal, until the index has read it and the journal is trimmed.
    ///
    /// A signer's values may stand under any key, so everything is walked, in snapshots of bounded length; stores go on
    /// meanwhile. What comes in behind the walk is new and stays, unless it is barred. The pages that the records were
    /// on are used again by and by; until then their bytes are still in the file, as they are in backups.
    ///
    /// - Parameter block: whether nothing of the kind is to be taken again.
    /// - Returns: how many records were erased.
    public func forget(
        _ subject: ArchiveSubject, block: Bool, at now: Instant, progress: (Int) -> Void = { _ in }
    ) throws(ArchiveError) -> Int {
        if block, case .refused(let refusal)? = try commit([.block(subject)], at: now).first {
            throw .refused(refusal)
        }
        var erased = 0
        for table in Archive.forgotten {
            var after: [UInt8]?
            repeat {
                let (places, last) = try environment.read { (transaction) throws(ArchiveError) in
                    try Archive.places(of: subject, in: table, after: after, transaction)
                }
                for start in stride(from: 0, to: places.count, by: Archive.deletionsPerCommit) {
                    try erase(places[start..<min(start + Archive.deletionsPerCommit, places.count)], at: now)
                }
                erased += places.count
                progress(erased)
                after = last
            } while after != nil
        }
        _ = try commit([.unpin(subject)], at: now)
        return erased
    }

    /// Copies and evidence go before what they are copies of.
    private static let forgotten: [Table] = [
        .quarantine, .evidence, .history, .publications, .retained, .entries, .floors,
    ]
    /// How many records one snapshot looks at.
    private static let recordsPerSnapshot = 16_384

    /// The places in a table that have to do with a subject, and the last key that was looked at where there are more.
    private static func places(
        of subject: ArchiveSubject, in table: Table, after: [UInt8]?, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> ([RecordPlace], last: [UInt8]?) {
        var places: [RecordPlace] = []
        var examined = 0
        var last: [UInt8]?
        var prefix: [UInt8] = []
        if case .key(let target) = subject, table != .quarantine { prefix = target.bytes }
        try transaction.forEach(table, prefix: prefix, from: after.map { $0 + [0] }) { (key, _) throws(ArchiveError) in
            guard examined < recordsPerSnapshot else { return false }
            examined += 1
            if concerns(subject, key, in: table) { places.append(RecordPlace(table: table, key: Array(key))) }
            last = examined == recordsPerSnapshot ? Array(key) : nil
            return true
        }
        return (places, last)
    }

    /// Whether a record is about a key or a signer, by its own key.
    private static func concerns(_ subject: ArchiveSubject, _ key: UnsafeRawBufferPointer, in table: Table) -> Bool {
        var key = key
        var table = table
        if table == .quarantine {
            guard let number = key.first, let origin = Table(rawValue: number) else { return false }
            key = UnsafeRawBufferPointer(rebasing: key.dropFirst())
            table = origin
        }
        switch table {
        case .entries, .retained, .publications:
            guard let key = EntryKey(key) else { return false }
            return subject == .key(key.target) || (key.entryClass != .unsigned && subject == .signer(key.signer))
        case .history, .floors, .evidence:
            guard key.count >= SignerKey.byteCount else { return false }
            return subject == .key(Target(bits: key.bits160(at: 0)))
                || subject == .signer(Mid(bits: key.bits160(at: 20)))
        case .meta, .secrets, .journal, .quarantine, .pins, .blocks, .holdings, .ranks, .ages:
            return false
        }
    }

    private func erase(_ places: ArraySlice<RecordPlace>, at now: Instant) throws(ArchiveError) {
        guard !places.isEmpty else { return }
        do throws(ArchiveError) {
            try inPass(at: now, true) { (pass, transaction) throws(ArchiveError) in
                for place in places { try pass.erase(place, in: transaction) }
            }
        } catch  where error.isForWantOfRoom && places.count > 1 {
            let middle = places.startIndex + places.count / 2
            try erase(places[..<middle], at: now)
            try erase(places[middle...], at: now)
        }
    }
}
