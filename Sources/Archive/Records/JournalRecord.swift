internal import IPv8

/// One numbered change, within the map. Key: the number, 8 bytes.
///
///     kind 1 | at 8 | checksum of the change before 8 | key of the record 21–48
///     kind 1 | at 8 | checksum of the change before 8 | hash of the record's key 32 | checksum 8      if it was forgotten
///
/// A change names a record and not its contents, which are in the record's table. The highest bit of the kind says that
/// the record was forgotten, and its key replaced by a hash. Such a change repeats the checksum that it had before, so
/// that the next change still carries it.
struct JournalRecord {
    var kind: Kind
    var at: Instant
    var previousChecksum: UInt64
    /// The key of the record, or the hash of a forgotten one.
    var subject: UnsafeRawBufferPointer
    /// Whether the record was forgotten, so that only a hash of its key is here.
    var isForgotten: Bool
    /// The checksum that the next change carries.
    var checksum: UInt64

    /// What happened to a record. The raw values are those on the disk.
    enum Kind: UInt8, CaseIterable {
        /// A value was stored, replaced, refreshed, withdrawn, or moved into or out of the serving window.
        case valueChanged = 1
        /// A value was removed because its retention was over, or because its record was damaged.
        case valueRemoved = 2
        /// A value made room for another one.
        case valueEvicted = 3
        /// The operator had a value erased.
        case valueForgotten = 4
        /// An import brought a value, or changed it.
        case valueImported = 5
        case pinned = 6
        case unpinned = 7
        case blocked = 8
        case unblocked = 9
        case published = 10
        case withdrawn = 11
        case publicationRemoved = 12
        /// An earlier version entered the history.
        case versionAdded = 13
        /// An earlier version was thinned out, evicted, forgotten, or past its retention.
        case versionRemoved = 14
        case floorAdded = 15
        case floorRemoved = 16
        case evidenceAdded = 17
        case evidenceRemoved = 18

        fileprivate static let forgottenFlag: UInt8 = 0x80

        /// How a dump names the kind.
        var item: DumpItem.Kind {
            switch self {
            case .valueChanged, .valueRemoved, .valueEvicted, .valueForgotten, .valueImported: .value
            case .pinned, .unpinned: .pin
            case .blocked, .unblocked: .block
            case .published, .withdrawn, .publicationRemoved: .publication
            case .versionAdded, .versionRemoved: .history
            case .floorAdded, .floorRemoved: .floor
            case .evidenceAdded, .evidenceRemoved: .evidence
            }
        }
    }

    private enum Offset {
        static let at = 1
        static let previousChecksum = 9
        static let subject = 17
    }

    private static let forgottenBytes = Offset.subject + Digest256.byteCount + 8

    /// Reads a change; `nil` if it is damaged or of an unknown kind.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .journal), body.count > Offset.subject,
            let kind = Kind(rawValue: body[0] & ~Kind.forgottenFlag)
        else { return nil }
        self.kind = kind
        at = body.instant(at: Offset.at)
        previousChecksum = body.bigEndian(UInt64.self, at: Offset.previousChecksum)
        isForgotten = body[0] & Kind.forgottenFlag != 0
        checksum = JournalRecord.checksum(of: value)
        let subject = UnsafeRawBufferPointer(rebasing: body[Offset.subject...])
        if isForgotten {
            guard body.count == JournalRecord.forgottenBytes else { return nil }
            self.subject = UnsafeRawBufferPointer(rebasing: subject.prefix(Digest256.byteCount))
        } else {
            guard subject.count == kind.item.keyBytes, kind.item != .value || EntryKey(subject) != nil else {
                return nil
            }
            self.subject = subject
        }
    }

    /// The checksum that the change after this one carries, whether this one is damaged or not.
    static func checksum(of value: UnsafeRawBufferPointer) -> UInt64 {
        guard value.count > RecordChecksum.overheadBytes, value[1] & Kind.forgottenFlag != 0 else {
            return RecordChecksum.stored(in: value)
        }
        guard value.count == forgottenBytes + RecordChecksum.overheadBytes else { return 0 }
        return value.bigEndian(UInt64.self, at: 1 + forgottenBytes - 8)
    }

    /// When a change was made, whether it is damaged or not; `nil` if it is too short.
    static func time(of value: UnsafeRawBufferPointer) -> Instant? {
        value.count > RecordChecksum.overheadBytes + Offset.subject ? value.instant(at: 1 + Offset.at) : nil
    }

    /// The key of the value that changed; `nil` for other records, and for forgotten values.
    var entryKey: EntryKey? { kind.item == .value && !isForgotten ? EntryKey(subject) : nil }

    /// The hash that replaces the key of a forgotten record: SHA-256 of the kind of item, one byte, and the key. Whoever reads
    /// increments elsewhere makes it again (`tools/lake` in SQL).
    static func hash(of key: [UInt8], _ item: DumpItem.Kind, _ digests: ShortDigests) -> Digest256 {
        digests.digest(item.rawValue, key)
    }
}

/// A place in the journal: a change's number, and the checksum that the change after it carries, which covers all changes
/// up to it.
struct JournalPlace: Hashable {
    var number: UInt64
    var checksum: UInt64

    /// Before the first change.
    static let start = JournalPlace(number: 0, checksum: 0)
}

extension RecordEncoder {
    /// Writes a change of a value.
    mutating func encodeChange(
        _ number: UInt64, _ kind: JournalRecord.Kind, _ key: EntryKey, at now: Instant, after previous: UInt64
    ) {
        beginChange(number, kind.rawValue, at: now, after: previous)
        append(key)
    }

    /// Writes a change of any record.
    mutating func encodeChange(
        _ number: UInt64, _ kind: JournalRecord.Kind, _ key: some Sequence<UInt8>, at now: Instant,
        after previous: UInt64
    ) {
        beginChange(number, kind.rawValue, at: now, after: previous)
        append(raw: key)
    }

    /// Writes a change whose record was forgotten.
    ///
    /// - Parameter checksum: that of the change before its key was replaced.
    mutating func encodeForgottenChange(
        _ number: UInt64, _ kind: JournalRecord.Kind, _ hash: Digest256, at now: Instant, after previous: UInt64,
        checksum: UInt64
    ) {
        beginChange(number, kind.rawValue | JournalRecord.Kind.forgottenFlag, at: now, after: previous)
        append(raw: hash.bytes)
        append(checksum)
    }

    private mutating func beginChange(_ number: UInt64, _ kind: UInt8, at now: Instant, after previous: UInt64) {
        begin(.journal)
        append(number)
        endKey()
        append(kind)
        append(now)
        append(previous)
    }
}

// MARK: - Where the journal begins

/// From which change on the journal names every record that changed: kept in the table `meta` under `journal`. Archives
/// that were begun with format 3 need no such record, because theirs always does.
///
/// Body: `number 8`.
struct JournalStartRecord {
    var number: UInt64

    static let key = "journal"

    /// Reads a record; `nil` if it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .meta), body.count >= 8 else { return nil }
        number = body.bigEndian(UInt64.self, at: 0)
    }
}

extension RecordEncoder {
    /// Writes from which change on the journal is complete.
    mutating func encode(journalStart number: UInt64) {
        begin(.meta)
        append(raw: JournalStartRecord.key.utf8)
        endKey()
        append(number)
    }
}

extension ReadTransaction {
    /// The end of the journal; its last change may be damaged.
    func journalEnd() throws(ArchiveError) -> JournalPlace {
        var cursor = try cursor(.journal)
        guard try cursor.last() else { return .start }
        guard cursor.key.count == 8 else {
            throw .damaged(path: environment.path, detail: "the journal ends in an impossible key")
        }
        return JournalPlace(
            number: cursor.key.bigEndian(UInt64.self, at: 0), checksum: JournalRecord.checksum(of: cursor.value))
    }

    /// The number of the first change that can be followed from: it is in the journal, and so are all changes of all
    /// records after it.
    func journalStart() throws(ArchiveError) -> UInt64 {
        var cursor = try cursor(.journal)
        guard try cursor.first(), cursor.key.count == 8 else { return 1 }
        let first = cursor.key.bigEndian(UInt64.self, at: 0)
        let complete = try lend(Array(JournalStartRecord.key.utf8)) { (key) throws(ArchiveError) -> UInt64? in
            guard let value = try get(.meta, key) else { return 1 }
            return JournalStartRecord(value, key: key)?.number
        }
        // If nobody can tell, nothing before the end can be relied on.
        guard let complete else { return try journalEnd().number &+ 1 }
        return max(first, complete)
    }
}
