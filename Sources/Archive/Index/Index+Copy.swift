internal import GRDB

extension Index {
    /// Writes a copy as of now over an empty file, while others go on reading and writing.
    func copy(to path: String) throws(ArchiveError) {
        try open()
        guard let pool else { throw .index(detail: "it is closed") }
        do {
            let copy = try DatabaseQueue(path: path)
            try pool.backup(to: copy)
            // One file that stands for itself: the node that opens it will turn the write-ahead log on again.
            try copy.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            throw .notCopied(path: path, reason: "no space left on device")
        } catch {
            throw .index(detail: (error as? DatabaseError)?.message ?? "\(error)")
        }
    }
}
