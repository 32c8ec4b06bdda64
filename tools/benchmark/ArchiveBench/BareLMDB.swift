internal import CLMDB

/// LMDB alone, for comparison with the archive. Any failure ends the program.
final class BareLMDB {
    private let handle: OpaquePointer
    private let tables: [MDB_dbi]
    /// The number of the last appended record.
    private var last: UInt64

    /// Opens a file with the archive's flags and a table for each that a store writes to.
    init(path: String, mapBytes: Int) {
        var handle: OpaquePointer?
        BareLMDB.check(mdb_env_create(&handle))
        guard let handle else { preconditionFailure("no environment") }
        mdb_env_set_mapsize(handle, mapBytes)
        mdb_env_set_maxdbs(handle, 8)
        BareLMDB.check(mdb_env_open(handle, path, UInt32(MDB_NOSUBDIR | MDB_NORDAHEAD), 0o600))
        var transaction: OpaquePointer?
        BareLMDB.check(mdb_txn_begin(handle, nil, 0, &transaction))
        tables = ["values", "log", "meta", "ages"].map { name in
            var table: MDB_dbi = 0
            BareLMDB.check(mdb_dbi_open(transaction, name, UInt32(MDB_CREATE), &table))
            return table
        }
        last = BareLMDB.lastNumber(in: tables[1], transaction)
        BareLMDB.check(mdb_txn_commit(transaction))
        self.handle = handle
    }

    private static func lastNumber(in table: MDB_dbi, _ transaction: OpaquePointer?) -> UInt64 {
        var cursor: OpaquePointer?
        check(mdb_cursor_open(transaction, table, &cursor))
        defer { mdb_cursor_close(cursor) }
        var (key, value) = (MDB_val(), MDB_val())
        guard mdb_cursor_get(cursor, &key, &value, MDB_LAST) == MDB_SUCCESS else { return 0 }
        return UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size).reduce(0) { $0 << 8 | UInt64($1) }
    }

    deinit { mdb_env_close(handle) }

    /// One transaction with, for each key, a put of so many bytes under it, one under a longer key, and one behind the
    /// last number; and a few small ones for all.
    func put(keys: [[UInt8]], agePrefix: [UInt8], _ sizes: RecordSizes) {
        let bytes = [UInt8](repeating: 7, count: max(sizes.entry, sizes.change, sizes.counts))
        var transaction: OpaquePointer?
        BareLMDB.check(mdb_txn_begin(handle, nil, 0, &transaction))
        for key in keys {
            put(key, bytes[..<sizes.entry], tables[0], 0, transaction)
            put(agePrefix + key, bytes[..<sizes.empty], tables[3], 0, transaction)
            last += 1
            let place = withUnsafeBytes(of: last.bigEndian) { Array($0) }
            put(place, bytes[..<sizes.change], tables[1], UInt32(MDB_APPEND), transaction)
        }
        for name in ["counts", "holding", "rank", "transaction"] {
            put(Array(name.utf8), bytes[..<(name == "counts" ? sizes.counts : sizes.empty)], tables[2], 0, transaction)
        }
        BareLMDB.check(mdb_txn_commit(transaction))
    }

    /// The sizes of the archive's records in bytes: see docs/archive-format.md.
    struct RecordSizes {
        /// A record of `entries`.
        var entry: Int
        /// A record of `journal`.
        let change = 67
        let counts = 129
        /// A record with a key only.
        let empty = 9
    }

    private func put(
        _ key: [UInt8], _ value: ArraySlice<UInt8>, _ table: MDB_dbi, _ flags: UInt32, _ transaction: OpaquePointer?
    ) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                var keyValue = MDB_val(
                    mv_size: key.count, mv_data: UnsafeMutableRawPointer(mutating: key.baseAddress))
                var dataValue = MDB_val(
                    mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
                BareLMDB.check(mdb_put(transaction, table, &keyValue, &dataValue, flags))
            }
        }
    }

    private static func check(_ code: Int32) {
        precondition(code == MDB_SUCCESS, String(cString: mdb_strerror(code)))
    }
}
