internal import IPv8

/// A record as it stands in a table, copied out of the map.
struct RawRecord: Sendable {
    var key: [UInt8]
    var value: [UInt8]
}

/// Finds out whether a record is what it ought to be.
enum RecordCheck {
    /// What is wrong with a record; `nil` where nothing is.
    ///
    /// The quarantine holds records that are known to be damaged, so nothing is wrong there.
    static func fault(of record: RawRecord, in table: Table, _ verifier: SignatureVerifier) -> String? {
        guard table != .quarantine else { return nil }
        return record.key.withUnsafeBytes { key in
            record.value.withUnsafeBytes { value in
                guard RecordChecksum.body(of: value, key: key, table: table) != nil else {
                    return "does not match its checksum"
                }
                switch table {
                case .entries, .retained: return entryFault(value, key, table, verifier)
                case .history: return historyFault(value, key, verifier)
                case .floors: return FloorRecord(value, key: key) == nil ? "is too short" : nil
                case .journal: return JournalRecord(value, key: key) == nil ? "is no change that is known" : nil
                default: return nil
                }
            }
        }
    }

    private static func entryFault(
        _ value: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ table: Table, _ verifier: SignatureVerifier
    ) -> String? {
        guard let entryKey = EntryKey(key) else { return "has an impossible key" }
        guard let record = EntryRecord(value, key: key, table: table) else { return "is too short" }
        guard let entry = try? Entry(bytes: Array(record.entry)) else { return "holds no value" }
        guard EntryKey(target: entryKey.target, entry: entry) == entryKey else { return "stands under another key" }
        guard record.version == entry.signature?.version ?? Version(0) else {
            return "has another version than its value"
        }
        guard entry.isAuthentic(accordingTo: verifier) else { return "has a wrong signature" }
        return nil
    }

    private static func historyFault(
        _ value: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer, _ verifier: SignatureVerifier
    ) -> String? {
        guard let record = HistoryRecord(value, key: key)?.record else { return "is too short" }
        guard let entry = try? Entry(bytes: Array(record.entry)) else { return "holds no value" }
        return entry.isAuthentic(accordingTo: verifier) ? nil : "has a wrong signature"
    }
}
