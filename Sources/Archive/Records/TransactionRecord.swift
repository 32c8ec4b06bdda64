/// Which of LMDB's transactions wrote last: kept in the table `meta` under `transaction`, and written with every change,
/// so that each of the two snapshots in the file says which one it is.
///
///     number 8
struct TransactionRecord {
    let number: UInt64

    static let key = "transaction"

    /// Reads a record; `nil` where it is damaged.
    init?(_ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        guard let body = RecordChecksum.body(of: value, key: key, table: .meta), body.count >= 8 else { return nil }
        number = body.bigEndian(UInt64.self, at: 0)
    }
}

extension RecordEncoder {
    /// Writes the number of the transaction that writes it.
    mutating func encode(transaction number: UInt64) {
        begin(.meta)
        append(raw: TransactionRecord.key.utf8)
        endKey()
        append(number)
    }
}
