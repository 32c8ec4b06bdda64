internal import GRDB

extension Index {
    /// How many pages are copied between two questions whether to give up.
    private static let pagesPerStep: Int32 = 1024

    /// Writes a copy as of now over an empty file, while others go on reading and writing.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    func copy(to path: String, unless isStopped: () -> Bool) throws(ArchiveError) {
        struct Stopped: Error {}
        try open()
        guard let pool else { throw .index(detail: "it is closed") }
        do {
            let copy = try DatabaseQueue(path: path)
            // All steps are of one reading transaction, so what is written meanwhile has none of them taken again.
            try withoutActuallyEscaping(isStopped) { isStopped in
                try pool.backup(to: copy, pagesPerStep: Index.pagesPerStep) { _ in
                    if isStopped() { throw Stopped() }
                }
            }
            // One file that stands for itself: the node that opens it will turn the write-ahead log on again.
            try copy.writeWithoutTransaction { database in
                _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
            try copy.close()
        } catch is Stopped {
            throw .copyStopped
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            throw .notCopied(path: path, reason: "no space left on device")
        } catch {
            throw .index(detail: (error as? DatabaseError)?.message ?? "\(error)")
        }
    }
}
