public import IPv8

/// A signer's values under a key: the one that is held, if one is, and those that were before it.
package struct ValueHistory: Hashable, Sendable {
    /// Who signed them.
    package var signer: Mid
    /// The earlier versions that are kept, in the order in which they came, then the one that is held.
    package var versions: [ArchivedValue]
}

/// Why the index cannot be relied on for what is asked.
package enum IndexState: Hashable, Sendable {
    /// It says what the archive says, or will within a moment.
    case current
    /// So many changes are missing.
    case behind(Int)
    /// It cannot be asked.
    case unusable(String)
}

extension ArchiveReader {
    /// All that is held under a key, in the order in which values are served, with those that are expired, retained or
    /// damaged.
    public func values(of target: Target) throws(ArchiveError) -> [ArchivedValue] {
        try values(of: target, asOf: nil)
    }

    /// What was held under a key at a moment, as far as that is still known.
    package func values(of target: Target, asOf moment: Instant?) throws(ArchiveError) -> [ArchivedValue] {
        var filter = ValueFilter()
        filter.keys = target...target
        filter.asOf = moment
        var walk = ValueWalk(self, filter, at: .distantPast)
        var values: [ArchivedValue] = []
        while !walk.isAtEnd { values += try walk.next(atMost: .max) }
        let verifications = (try? index?.verifications(of: target)) ?? [:]
        for place in values.indices where values[place].replacedAt == nil {
            let key = EntryKey(target: target, class: values[place].entryClass, identity: values[place].id)
            values[place].verification = verifications[key]
        }
        return values.sorted(by: ArchivedValue.isServedFirst)
    }

    /// Every version of every signed value under a key, the owner's first.
    package func history(of target: Target) throws(ArchiveError) -> [ValueHistory] {
        var histories: [Mid: [ArchivedValue]] = [:]
        try environment.read { (transaction) throws(ArchiveError) in
            guard environment.has(.history) else { return }
            try transaction.forEach(.history, prefix: target.bytes) { (key, value) throws(ArchiveError) in
                guard let place = HistoryKey(key) else { return true }
                let past = HistoryRecord(value, key: key)
                let value = ArchivedValue(
                    EntryKey(target: target, signedBy: place.signer), past.flatMap { ArchivedRecord($0.record) },
                    replacedAt: past?.replacedAt ?? .distantPast)
                histories[place.signer, default: []].append(value)
                return true
            }
        }
        for value in try values(of: target) {
            if let signer = value.signer { histories[signer, default: []].append(value) }
        }
        let owner = Mid(bits: target.bits)
        return histories.map { ValueHistory(signer: $0.key, versions: $0.value) }.sorted { left, right in
            left.signer == owner ? right.signer != owner : right.signer != owner && left.signer < right.signer
        }
    }

    /// The version that was in a value's place at a moment; `nil` if none was, or none is known any more.
    func version(
        of key: EntryKey, at moment: Instant, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> ArchivedValue? {
        guard let signer = key.optionalSigner, environment.has(.history) else { return nil }
        var found: ArchivedValue?
        let prefix = SignerKey(target: key.target, signer: signer).bytes
        try transaction.forEach(.history, prefix: prefix) { (bytes, value) throws(ArchiveError) in
            guard let past = HistoryRecord(value, key: bytes), past.record.firstSeen <= moment,
                past.replacedAt > moment, let record = ArchivedRecord(past.record)
            else { return true }
            found = ArchivedValue(key, record, replacedAt: past.replacedAt)
            return false
        }
        return found
    }

    /// Whether the index can be asked.
    package func indexState() throws(ArchiveError) -> IndexState {
        guard let index else { return .unusable(indexFailure ?? "there is none") }
        let position: IndexPosition?
        do throws(ArchiveError) {
            position = try index.position()
        } catch {
            return .unusable(error.detail)
        }
        guard let position else { return .unusable("it is empty") }
        guard position.archiveID == archiveID else { return .unusable("it belongs to another archive") }
        guard position.rebuild == nil else { return .unusable("it is being rebuilt") }
        let last = try journal().last
        guard position.readAt.number <= last || isInUse else { return .unusable("it is ahead of the archive") }
        let lag = last > position.last.number ? Int(clamping: last - position.last.number) : 0
        return lag == 0 || (isInUse && lag <= ArchiveReader.lagOfARunningNode) ? .current : .behind(lag)
    }

    /// A running node's index is always some changes behind.
    private static let lagOfARunningNode = 10_000

    /// The value under a key, served or retained; `nil` if there is none.
    func value(
        under key: EntryKey, _ transaction: borrowing ReadTransaction
    ) throws(ArchiveError) -> ArchivedValue? {
        for table in [Table.entries, .retained] where environment.has(table) {
            let value = try key.withBytes { (bytes) throws(ArchiveError) -> ArchivedValue? in
                guard let value = try transaction.get(table, bytes) else { return nil }
                return ArchivedValue(
                    key, ArchivedRecord(value, key: bytes, table: table), isRetained: table == .retained)
            }
            if let value { return value }
        }
        return nil
    }
}

extension ArchiveError {
    /// What is wrong with the index, as part of a sentence; the whole sentence of any other error.
    var detail: String {
        if case .index(let detail) = self { detail } else { description }
    }
}
