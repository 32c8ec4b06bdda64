internal import CLMDB
internal import Glibc

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
    static let attemptsMax = 100

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
            let count = page.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(slot * pageBytes)) }
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
        for slot in 0..<UInt64(2) {
            var page = meta
            withUnsafeBytes(of: slot) { bytes in page.replaceSubrange(0..<8, with: bytes) }
            let transaction = snapshot.transaction & 1 == slot ? snapshot.transaction : max(1, snapshot.transaction) - 1
            withUnsafeBytes(of: transaction) { bytes in
                page.replaceSubrange(SnapshotCopy.transactionOffset..<SnapshotCopy.transactionOffset + 8, with: bytes)
            }
            let failure = page.withUnsafeBytes { SnapshotCopy.write($0, to: descriptor) }
            if let failure { return failure }
        }
        var wiper = PageWiper(pageBytes: pageBytes)
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(SnapshotCopy.chunkPages) * pageBytes, alignment: 16)
        defer { chunk.deallocate() }
        var number: UInt64 = 2
        while number <= snapshot.lastPage {
            guard !isStopped() else { return ECANCELED }
            let count = Int(min(SnapshotCopy.chunkPages, snapshot.lastPage + 1 - number))
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(count * pageBytes)])
            if let failure = PageBytes.read(part, from: file, at: Int(number) * pageBytes) { return failure }
            if let free { wiper.wipe(part, first: number, free) }
            if let failure = SnapshotCopy.write(UnsafeRawBufferPointer(part), to: descriptor) { return failure }
            number += UInt64(count)
        }
        return 0
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return nil
    }
}

/// Bytes of a file of pages, whole or not at all.
enum PageBytes {
    /// Fills a buffer; what lies behind the end of the file is zeros, as LMDB's map has it.
    ///
    /// - Returns: the system's error number, if there was an error.
    static func read(_ buffer: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int) -> Int32? {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(file, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            if count == 0 {
                if let start = rest.baseAddress { memset(start, 0, rest.count) }
                return nil
            }
            done += count
        }
        return nil
    }

    /// Writes bytes at a place.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int) -> Int32? {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(file, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            done += count
        }
        return nil
    }
}
