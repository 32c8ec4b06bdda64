internal import IPv8

/// The accounts: who holds how much of each budget, who holds most, and what came first. Three tables, so that nothing
/// has to be walked to find what is to go:
///
///     holdings   budget 1 | source 9                                          → count 8 | bytes 8
///     ranks      budget 1 | 2^64 − 1 − bytes 8 | source 9                     → nothing
///     ages       budget 1 | source 9 | since 8 | key in the budget's table    → nothing
///
/// The operator's own holding has no rank.
enum AccountKey {
    static let holdingBytes = 1 + Source.byteCount
    static let ageKeyOffset = holdingBytes + 8

    static func holding(_ account: Account) -> [UInt8] { [account.budget.rawValue] + bytes(account.source) }

    static func rank(_ account: Account, bytes held: Int) -> [UInt8] {
        [account.budget.rawValue] + (UInt64.max - UInt64(max(0, held))).bigEndianBytes + bytes(account.source)
    }

    static func age(_ filing: Filing) -> [UInt8] {
        [filing.budget.rawValue] + bytes(filing.source) + filing.since.nanoseconds.bigEndianBytes + filing.key
    }

    /// The account that a holding is of; `nil` if the key is none.
    static func readHolding(_ key: [UInt8]) -> Account? {
        guard key.count == holdingBytes, let budget = Budget(rawValue: key[0]) else { return nil }
        return key.withUnsafeBytes { Account(budget: budget, source: Source($0, at: 1)) }
    }

    /// The account that a rank is of, and the bytes that it was given for; `nil` if the key is none.
    static func readRank(_ key: UnsafeRawBufferPointer) -> (Account, bytes: Int)? {
        guard key.count == 9 + Source.byteCount, let budget = Budget(rawValue: key[0]) else { return nil }
        let held = Int(clamping: UInt64.max - key.bigEndian(UInt64.self, at: 1))
        return (Account(budget: budget, source: Source(key, at: 9)), held)
    }

    private static func bytes(_ source: Source) -> [UInt8] { [source.kind] + source.prefix.bigEndianBytes }
}

extension Usage {
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .holdings), body.count >= 16 else {
            return nil
        }
        count = Int(clamping: body.bigEndian(UInt64.self, at: 0))
        bytes = Int(clamping: body.bigEndian(UInt64.self, at: 8))
    }
}

extension RecordEncoder {
    /// Writes a holding.
    mutating func encode(_ holding: Usage, of account: Account) {
        begin(.holdings)
        append(raw: AccountKey.holding(account))
        endKey()
        append(UInt64(max(0, holding.count)))
        append(UInt64(max(0, holding.bytes)))
    }

    /// Writes a record that has a key alone.
    mutating func encodeEmpty(_ key: [UInt8], in table: Table) {
        begin(table)
        append(raw: key)
        endKey()
    }
}

/// Lends an array's bytes, with the error's type kept.
func lend<Value>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Value
) throws(ArchiveError) -> Value {
    let result: Result<Value, ArchiveError> = bytes.withUnsafeBytes { bytes in
        Result { () throws(ArchiveError) in try body(bytes) }
    }
    return try result.get()
}

extension WriteTransaction {
    /// Deletes a record; does nothing if there is none.
    func delete(_ table: Table, _ key: [UInt8]) throws(ArchiveError) {
        try lend(key) { (key) throws(ArchiveError) in try delete(table, key) }
    }
}

extension ReadTransaction {
    /// Whether a table has a record under a key, damaged or not.
    func has(_ table: Table, _ key: [UInt8]) throws(ArchiveError) -> Bool {
        try lend(key) { (key) throws(ArchiveError) in try get(table, key) != nil }
    }

    /// Walks over the records whose keys begin with a prefix, damaged ones too, while the closure answers true.
    ///
    /// - Parameter start: where to begin, not below the prefix.
    func forEach(
        _ table: Table, prefix: [UInt8], from start: [UInt8]? = nil, after last: [UInt8] = [],
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ArchiveError) -> Bool
    ) throws(ArchiveError) {
        try lend(prefix) { (prefix) throws(ArchiveError) in
            guard let start = last.isEmpty ? start : last + [0] else {
                return try walk(table, from: prefix, prefix: prefix, body)
            }
            try lend(start) { (start) throws(ArchiveError) in try walk(table, from: start, prefix: prefix, body) }
        }
    }

    /// The one walk over records, which all others use: from a key on, in the order of the keys, for as long as keys begin with
    /// a prefix and the body returns true.
    func walk(
        _ table: Table, from start: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(ArchiveError) -> Bool
    ) throws(ArchiveError) {
        var cursor = try cursor(table)
        var isThere = start.isEmpty ? try cursor.first() : try cursor.seek(start)
        while isThere, cursor.key.starts(with: prefix) {
            guard try body(cursor.key, cursor.value) else { return }
            isThere = try cursor.next()
        }
    }

    /// The bytes of the first key that begins with a prefix; `nil` if there is none.
    func firstKey(_ table: Table, prefix: [UInt8]) throws(ArchiveError) -> [UInt8]? {
        var found: [UInt8]?
        try forEach(table, prefix: prefix) { (key, _) throws(ArchiveError) in
            found = Array(key)
            return false
        }
        return found
    }
}
