internal import IPv8

/// One value that somebody wants to be kept.
struct Offer {
    let key: EntryKey
    let entry: Entry
    let store: StoreChange

    /// Zero for an unsigned value, of which there is only the one version.
    var version: Version { entry.signature?.version ?? Version(0) }

    /// Whether who brought it is who signed it, or the operator.
    var isFromItsSigner: Bool {
        switch store.provenance {
        case .publishedHere: true
        case .received(let sender, _): sender == entry.signature?.signer.mid
        }
    }
}

/// What the archive has under a key.
enum Held {
    /// No record; the floor is that of an earlier one.
    case nothing(floor: Version?)
    /// A damaged record, and the version in it that can be believed.
    case damaged(floor: Version?, UnsafeRawBufferPointer)
    /// A sound record.
    case record(EntryRecord)
}

/// An expired entry that may give up its place.
struct Expired {
    var key: EntryKey
    var version: Version
    var expiresAt: Instant
    var entryBytes: Int
}

extension StorePass {
    /// Looks up a key, and its signer's floor where there is no record.
    mutating func held(
        _ key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> Held {
        var damage: DamagedRecord?
        let held = try key.withBytes { (bytes) throws(ArchiveError) -> Held? in
            guard let value = try transaction.view.get(.entries, bytes) else { return nil }
            if let record = EntryRecord(value, key: bytes) { return .record(record) }
            damage = DamagedRecord(table: Table.entries.name, key: Array(bytes))
            return .damaged(floor: EntryRecord.salvagedVersion(value), value)
        }
        if let held {
            if let damage { damaged.append(damage) }
            return held
        }
        guard key.entryClass != .unsigned else { return .nothing(floor: nil) }
        return .nothing(floor: try floor(key, in: transaction))
    }

    private mutating func floor(
        _ key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> Version? {
        var damage: DamagedRecord?
        let floor = try withKey(key.target.bits, key.id.bits) { (bytes) throws(ArchiveError) -> Version? in
            guard let value = try transaction.view.get(.floors, bytes) else { return nil }
            if let floor = FloorRecord(value, key: bytes) { return floor.version }
            damage = DamagedRecord(table: Table.floors.name, key: Array(bytes))
            return nil
        }
        if let damage { damaged.append(damage) }
        return floor
    }

    /// How many entries stand under the target of a key, in all and of the key's class.
    func neighbours(
        of key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> (all: Int, ofClass: Int) {
        var all = 0
        var ofClass = 0
        try transaction.view.forEachEntry(under: key.target) { (bytes, _) throws(ArchiveError) in
            all += 1
            if bytes[Bits160.byteCount] == key.entryClass.rawValue { ofClass += 1 }
        }
        return (all, ofClass)
    }

    /// The entry of the key's target and class that expired first, if any has.
    func longestExpired(
        beside key: EntryKey, in transaction: borrowing WriteTransaction
    ) throws(ArchiveError) -> Expired? {
        var expired: Expired?
        try transaction.view.forEachEntry(under: key.target) { (bytes, value) throws(ArchiveError) in
            guard let other = EntryKey(bytes), other.entryClass == key.entryClass,
                let record = EntryRecord(value, key: bytes), record.expiresAt <= now,
                record.provenance != .publishedHere,
                record.expiresAt < expired?.expiresAt ?? Instant(nanoseconds: .max)
            else { return }
            expired = Expired(
                key: other, version: record.version, expiresAt: record.expiresAt, entryBytes: record.entry.count)
        }
        return expired
    }

    /// Why nothing new may be written, if so.
    func refusalToGrow(in transaction: borrowing WriteTransaction) throws(ArchiveError) -> Refusal? {
        guard room == .ample else { return .diskReserve }
        return try liveBytes(in: transaction) < options.liveBytesMax ? nil : .quota
    }

    /// Why what is held may not be written anew, if so.
    func refusalToRewrite(in transaction: borrowing WriteTransaction) throws(ArchiveError) -> Refusal? {
        guard room != .exhausted else { return .diskReserve }
        return try liveBytes(in: transaction) < options.liveBytesHardMax ? nil : .quota
    }

    private func liveBytes(in transaction: borrowing WriteTransaction) throws(ArchiveError) -> Int {
        try transaction.view.livePageCount() * transaction.view.environment.pageBytes
    }
}

extension EntryRecord {
    /// Whether its entry carries this data.
    func holds(_ data: ArraySlice<UInt8>) -> Bool {
        guard let kind = entry.first else { return false }
        if kind == 0 { return entry.dropFirst().elementsEqual(data) }
        guard entry.count >= 3 else { return false }
        let count = Int(entry.bigEndian(UInt16.self, at: 1))
        return count == data.count && entry.dropFirst(3).prefix(count).elementsEqual(data)
    }
}

extension ReadTransaction {
    /// Walks over the records under a target, in the order of their keys, damaged ones too.
    func forEachEntry(
        under target: Target,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        try withKey(target.bits) { (prefix) throws(ArchiveError) in
            var cursor = try cursor(.entries)
            var isThere = try cursor.seek(prefix)
            while isThere, cursor.key.starts(with: prefix), cursor.key.count == EntryKey.byteCount {
                try body(cursor.key, cursor.value)
                isThere = try cursor.next()
            }
        }
    }
}
