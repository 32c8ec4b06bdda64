internal import CLMDB
internal import Glibc
internal import Platform
internal import SystemPackage

/// A copy of an LMDB file as one snapshot has it, page by page: all that the snapshot holds, damage too, and nothing else.
///
/// LMDB's own copy takes along whatever free pages hold, and cannot be stopped. Its compacting one follows the tree, where
/// one damaged page may end the process, and would leave the damage out in silence. Both meta pages of this copy name the
/// one snapshot: one under its own transaction, the other under the one before, because LMDB writes the two in turn.
struct SnapshotCopy {
    private let file: Int32
    private let pageBytes: Int
    private let meta: [UInt8]
    private let snapshot: MetaPages.Snapshot
    private let free: FreePages?

    /// How much is copied between two questions whether to give up.
    private static let chunkPages: UInt64 = 256
    private static let transactionOffset = 144
    /// Two commits between the beginning of a snapshot and the look at its meta page are rare, so this many are a fault.
    private static let attemptsMax = 100

    /// Tries it with one transaction after the other, until one is not outrun by writers.
    static func untilDone(_ attempt: () throws(ArchiveError) -> Int32?) throws(ArchiveError) -> Int32 {
        for _ in 0..<attemptsMax {
            if let code = try attempt() { return code }
        }
        return EAGAIN
    }

    /// Writes a copy of a transaction's snapshot to a file that is open for writing.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    /// - Returns: 0, or an error number of the system's or LMDB's; `ECANCELED` if it was given up. `nil` if writers were too
    ///   fast: then a new transaction may do better.
    static func write(
        of environment: OpaquePointer, _ transaction: borrowing ReadTransaction, to descriptor: Int32,
        unless isStopped: () -> Bool
    ) throws(ArchiveError) -> Int32? {
        var file: mdb_filehandle_t = -1
        let code = mdb_env_get_fd(environment, &file)
        guard code == MDB_SUCCESS else { return code }
        return try SnapshotCopy(of: file, transaction)?.write(to: descriptor, unless: isStopped)
    }

    /// - Returns: `nil` if writers were too fast, and the snapshot's meta page has been written over.
    private init?(of file: Int32, _ transaction: borrowing ReadTransaction) throws(ArchiveError) {
        let path = transaction.environment.path
        let pageBytes = transaction.environment.pageBytes
        let number = UInt64(mdb_txn_id(transaction.handle))
        var meta: [UInt8]?
        for slot in 0..<2 {
            var page = [UInt8](repeating: 0, count: pageBytes)
            let count = try? WholeBytes.read(into: &page, from: file, at: slot * pageBytes)
            let named = page.withUnsafeBytes { $0.native(UInt64.self, at: SnapshotCopy.transactionOffset) }
            if count == pageBytes, named == number { meta = page }
        }
        guard let meta,
            let snapshot = try MetaPages.snapshots(of: file, path: path).first(where: { $0.transaction == number })
        else { return nil }
        (self.file, self.pageBytes, self.meta, self.snapshot) = (file, pageBytes, meta, snapshot)
        let pages = PageFile(path: path, file: file, pageBytes: pageBytes, lastPage: snapshot.lastPage)
        // If the list of free pages is damaged, nobody can tell which are: whoever looks for damage gets all of it.
        free = try? FreePages(of: snapshot, pages, in: 0..<snapshot.lastPage + 1, oldest: .max)
    }

    private func write(to descriptor: Int32, unless isStopped: () -> Bool) -> Int32 {
        do {
            try writePages(to: descriptor, unless: isStopped)
            return 0
        } catch {
            return error.rawValue
        }
    }

    private func writePages(to descriptor: Int32, unless isStopped: () -> Bool) throws(Errno) {
        for slot in 0..<UInt64(2) {
            var page = meta
            withUnsafeBytes(of: slot) { bytes in page.replaceSubrange(0..<8, with: bytes) }
            let transaction = snapshot.transaction & 1 == slot ? snapshot.transaction : max(1, snapshot.transaction) - 1
            withUnsafeBytes(of: transaction) { bytes in
                page.replaceSubrange(SnapshotCopy.transactionOffset..<SnapshotCopy.transactionOffset + 8, with: bytes)
            }
            try WholeBytes.write(page[...], to: descriptor)
        }
        var wiper = PageWiper(pageBytes: pageBytes)
        var copy = LongWrite(to: descriptor)
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(SnapshotCopy.chunkPages) * pageBytes, alignment: 16)
        defer { chunk.deallocate() }
        var number: UInt64 = 2
        while number <= snapshot.lastPage {
            guard !isStopped() else { throw .canceled }
            let count = Int(min(SnapshotCopy.chunkPages, snapshot.lastPage + 1 - number))
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(count * pageBytes)])
            try part.fill(from: file, at: Int(number) * pageBytes)
            if let free { wiper.wipe(part, first: number, free) }
            try WholeBytes.write(UnsafeRawBufferPointer(part), to: descriptor)
            number += UInt64(count)
            try copy.wrote(upTo: Int(number) * pageBytes)
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Reads from a file; beyond its end there are zeros, as in LMDB's map.
    func fill(from file: Int32, at offset: Int) throws(Errno) {
        let count = try WholeBytes.read(into: self, from: file, at: offset)
        UnsafeMutableRawBufferPointer(rebasing: self[count...]).initializeMemory(as: UInt8.self, repeating: 0)
    }
}

extension LMDBEnvironment {
    /// Writes a copy of the file as of now to a file that is open for writing, while others go on reading and writing.
    ///
    /// What is freed meanwhile is not used again before the copy is complete.
    ///
    /// - Parameter isStopped: asked now and then whether to give up.
    /// - Returns: LMDB's code, or the system's; `ECANCELED` where it was given up.
    func copy(toDescriptor descriptor: Int32, unless isStopped: () -> Bool) throws(ArchiveError) -> Int32 {
        try SnapshotCopy.untilDone { () throws(ArchiveError) in
            try read { (transaction) throws(ArchiveError) in
                try SnapshotCopy.write(of: handle, transaction, to: descriptor, unless: isStopped)
            }
        }
    }
}
