public import IPv8
internal import Synchronization

/// An earlier version of a value.
public struct PastVersion: Hashable, Sendable {
    /// The version and what the archive knows about it.
    public var record: ArchivedRecord
    /// When another version took its place.
    public var replacedAt: Instant
}

/// Two values of one signer under one key that have the same version and differ.
public struct Evidence: Hashable, Sendable {
    /// The key.
    public var target: Target
    public var signer: Mid
    /// When the second one came.
    public var noted: Instant
    /// The value that was held.
    public var held: Entry
    /// The value that came later.
    public var offered: Entry
}

/// A value that was published here.
public struct ArchivedPublication: Hashable, Sendable {
    /// The key.
    public var target: Target
    /// Distinguishes the value from others under the key.
    public var id: EntryID
    /// Its version; zero if it is unsigned.
    public var version: Version
    public var published: Instant
    /// `nil` if it is still published.
    public var withdrawn: Instant?
}

/// Questions about records outside the serving window. Damaged records are left out and remembered.
extension Archive {
    /// A signer's earlier versions under a key, in the order in which they came.
    public func history(of target: Target, signer: Mid) throws(ArchiveError) -> [PastVersion] {
        try readAll(.history, prefix: SignerKey(target: target, signer: signer).bytes) { key, value in
            guard let past = HistoryRecord(value, key: key), let record = ArchivedRecord(past.record) else {
                return nil
            }
            return PastVersion(record: record, replacedAt: past.replacedAt)
        }
    }

    /// The values under a key that have left the serving window, in the order of their keys.
    public func retainedRecords(of target: Target) throws(ArchiveError) -> [ArchivedRecord] {
        try readAll(.retained, prefix: target.bytes) { key, value in
            EntryRecord(value, key: key, table: .retained).flatMap { ArchivedRecord($0) }
        }
    }

    /// All evidence, in the order of keys and signers; its budget bounds it.
    public func evidence() throws(ArchiveError) -> [Evidence] {
        try readAll(.evidence, prefix: []) { key, value in Evidence(value, key: key) }
    }

    /// Everything that was published here and not forgotten, in the order of keys.
    public func publications() throws(ArchiveError) -> [ArchivedPublication] {
        try readAll(.publications, prefix: []) { key, value in
            guard let place = EntryKey(key), let record = PublicationRecord(value, key: key) else { return nil }
            return ArchivedPublication(
                target: place.target, id: place.id, version: record.version, published: record.published,
                withdrawn: record.withdrawn)
        }
    }

    /// The values that were published here with another signer's key and not withdrawn, and the keys that they are under.
    package func publishedEntries(
        signedByOthersThan signer: Mid
    ) throws(ArchiveError) -> [(target: Target, entry: Entry)] {
        var entries: [(target: Target, entry: Entry)] = []
        for publication in try publications() where publication.withdrawn == nil {
            let held = try records(of: publication.target) + retainedRecords(of: publication.target)
            for record in held where record.entry.id == publication.id && !record.isWithdrawn {
                guard let other = record.entry.signature?.signer.mid, other != signer else { continue }
                entries.append((publication.target, record.entry))
            }
        }
        return entries
    }

    /// Whether a value was published here and has not been withdrawn.
    public func isPublished(_ entry: Entry, under target: Target) throws(ArchiveError) -> Bool {
        let key = EntryKey(target: target, entry: entry).bytes
        return try readAll(.publications, prefix: key) { key, value in PublicationRecord(value, key: key) }
            .contains { $0.withdrawn == nil }
    }

    /// The highest version of a signer under a key that the archive knows: of the value, of a publication even if it was
    /// withdrawn, or of a value that is gone. `nil` if it knows none.
    public func lastVersion(of target: Target, signer: Mid) throws(ArchiveError) -> Version? {
        let entryClass: EntryClass = signer.bits == target.bits ? .owner : .signed
        let key = EntryKey(target: target, entryClass: entryClass, id: EntryID(bits: signer.bits))
        let signerKey = SignerKey(target: target, signer: signer)
        return try environment.read { (transaction) throws(ArchiveError) in
            let versions = [
                try transaction.version(.entries, key.bytes) { value, key in
                    EntryRecord(value, key: key)?.version ?? EntryRecord.salvagedVersion(value)
                },
                try transaction.version(.retained, key.bytes) { value, key in
                    EntryRecord(value, key: key, table: .retained)?.version ?? EntryRecord.salvagedVersion(value)
                },
                try transaction.version(.publications, key.bytes) { PublicationRecord($0, key: $1)?.version },
                try transaction.version(.floors, signerKey.bytes) { FloorRecord($0, key: $1)?.version },
            ]
            return versions.compactMap { $0 }.max()
        }
    }

    /// The time of the newest change, as far as the journal's last changes tell; `nil` before the first one.
    ///
    /// Changes are not always in the order of time, because a clock may have been set back between two of them.
    public func newestChange() throws(ArchiveError) -> Instant? {
        try environment.read { (transaction) throws(ArchiveError) in
            let last = try transaction.journalEnd().number
            let first = last > Archive.changesLookedBack ? last - Archive.changesLookedBack : 0
            var newest: Instant?
            try transaction.forEach(.journal, prefix: [], from: first.bigEndianBytes) {
                (key, value) throws(ArchiveError) in
                if let change = JournalRecord(value, key: key) { newest = max(newest ?? change.at, change.at) }
                return true
            }
            return newest
        }
    }

    /// How many changes are looked at for the newest one.
    private static let changesLookedBack: UInt64 = 256

    /// What is pinned, keys before signers.
    public func pins() throws(ArchiveError) -> [ArchiveSubject] { try subjects(in: .pins) }

    /// What is blocked, keys before signers.
    public func blocks() throws(ArchiveError) -> [ArchiveSubject] { try subjects(in: .blocks) }

    /// Whether one of these is blocked.
    public func isBlocked(anyOf subjects: [ArchiveSubject]) throws(ArchiveError) -> Bool {
        try environment.read { (transaction) throws(ArchiveError) in
            for subject in subjects where try transaction.has(.blocks, subject.keyBytes) { return true }
            return false
        }
    }

    /// Event counts since the archive was opened, by name: refused, evicted, retired, removed, forgotten.
    public var keepingCounters: [String: Int] { counters.withLock { $0 } }

    private func subjects(in table: Table) throws(ArchiveError) -> [ArchiveSubject] {
        try readAll(table, prefix: []) { key, value in
            RecordChecksum.body(of: value, key: key, table: table).flatMap { _ in ArchiveSubject(key) }
        }
    }

    func readAll<Value>(
        _ table: Table, prefix: [UInt8], _ read: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Value?
    ) throws(ArchiveError) -> [Value] {
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        return try environment.read { (transaction) throws(ArchiveError) in
            var values: [Value] = []
            try transaction.forEach(table, prefix: prefix) { (key, value) throws(ArchiveError) in
                if let value = read(key, value) {
                    values.append(value)
                } else {
                    damaged.append(DamagedRecord(table: table.name, key: Array(key)))
                }
                return true
            }
            return values
        }
    }
}

extension ReadTransaction {
    /// The version that a record tells; `nil` if there is no such record.
    fileprivate func version(
        _ table: Table, _ key: [UInt8], _ read: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Version?
    ) throws(ArchiveError) -> Version? {
        try lend(key) { (key) throws(ArchiveError) in try get(table, key).flatMap { read($0, key) } }
    }
}

extension ArchivedRecord {
    /// What a record says; `nil` if its entry cannot be read.
    init?(_ record: EntryRecord) {
        guard let entry = try? Entry(bytes: Array(record.entry)) else { return nil }
        self.init(
            entry: entry, firstSeen: record.firstSeen, lastStored: record.lastStored, expiresAt: record.expiresAt,
            provenance: record.provenance, isWithdrawn: record.isWithdrawn)
    }
}
