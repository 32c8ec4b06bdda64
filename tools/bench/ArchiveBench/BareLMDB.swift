internal import CLMDB

/// LMDB with nothing around it: what the archive is measured against. Any failure ends the program.
final class BareLMDB {
    private let handle: OpaquePointer
    private let tables: [MDB_dbi]

    /// Opens a file with the archive's flags and two tables.
    init(path: String, mapBytes: Int) {
        var handle: OpaquePointer?
        BareLMDB.check(mdb_env_create(&handle))
        guard let handle else { preconditionFailure("no environment") }
        mdb_env_set_mapsize(handle, mapBytes)
        mdb_env_set_maxdbs(handle, 4)
        BareLMDB.check(mdb_env_open(handle, path, UInt32(MDB_NOSUBDIR | MDB_NORDAHEAD), 0o600))
        var transaction: OpaquePointer?
        BareLMDB.check(mdb_txn_begin(handle, nil, 0, &transaction))
        tables = ["values", "log", "meta"].map { name in
            var table: MDB_dbi = 0
            BareLMDB.check(mdb_dbi_open(transaction, name, UInt32(MDB_CREATE), &table))
            return table
        }
        BareLMDB.check(mdb_txn_commit(transaction))
        self.handle = handle
    }

    deinit { mdb_env_close(handle) }

    /// One transaction with, for each key, a put of so many bytes under it and one of so many behind the last number,
    /// and one for all.
    func put(keys: ArraySlice<[UInt8]>, valueBytes: Int, from number: UInt64, numberedBytes: Int, metaBytes: Int) {
        let bytes = [UInt8](repeating: 7, count: max(valueBytes, numberedBytes, metaBytes))
        var transaction: OpaquePointer?
        BareLMDB.check(mdb_txn_begin(handle, nil, 0, &transaction))
        for (index, key) in keys.enumerated() {
            put(key, bytes[..<valueBytes], tables[0], 0, transaction)
            let place = withUnsafeBytes(of: (number + UInt64(index)).bigEndian) { Array($0) }
            put(place, bytes[..<numberedBytes], tables[1], UInt32(MDB_APPEND), transaction)
        }
        put(Array("counts".utf8), bytes[..<metaBytes], tables[2], 0, transaction)
        BareLMDB.check(mdb_txn_commit(transaction))
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
