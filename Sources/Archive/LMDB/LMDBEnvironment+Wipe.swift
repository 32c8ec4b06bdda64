internal import CLMDB
internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// How bytes of records that have been deleted leave the file.
///
/// They stay in four places: in free pages; between the nodes of pages in use; behind the last page, where an abandoned
/// transaction wrote; and in the buffers that LMDB uses again for pages that it writes, from where they may come back into
/// the file at any time.
extension LMDBEnvironment {
    /// What wiping some pages came to.
    struct WipedPages {
        /// The last page of the file.
        var lastPage: UInt64
        /// Free pages that a snapshot in use may still hold.
        var held: [UInt64] = []
    }

    /// Buffers that have been filled with zeros begin with this, which tells them from new ones, which are all zeros.
    private static let bufferMark: UInt64 = 0x6B72_616D_2065_6E6F
    /// The next data, and the next hole, of a sparse file; Linux's numbers.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4
    /// More pages than one transaction can change.
    private static let buffersMax: UInt32 = 1 << 17

    /// Fills the buffers with zeros that LMDB keeps for the pages of later transactions.
    ///
    /// LMDB takes a new buffer only when all that it keeps are in use. So an abandoned transaction takes one after the
    /// other until it gets a new one. The few buffers that hold the tree above them are filled the second time, because
    /// others are on top by then.
    func clearBuffers() throws(ArchiveError) {
        try enter()
        defer { leave() }
        for _ in 0..<2 { try clearBuffersOnce() }
    }

    private func clearBuffersOnce() throws(ArchiveError) {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "beginning a transaction")
        defer { mdb_txn_abort(transaction) }
        // So long a value gets a page to itself.
        let byteCount = pageBytes - 16
        for number in 0..<LMDBEnvironment.buffersMax {
            var data = MDB_val(mv_size: byteCount, mv_data: nil)
            let code = ([0xFF] + number.bigEndianBytes).withUnsafeBytes { key in
                var key = MDB_val(key)
                return mdb_put(
                    transaction, tables[Table.meta.index], &key, &data, UInt32(MDB_RESERVE | MDB_APPEND))
            }
            try check(code, "clearing a buffer")
            guard let start = data.mv_data else { return }
            let isNew = UnsafeRawBufferPointer(start: start, count: byteCount).isZero
            memset(start, 0, byteCount)
            start.storeBytes(of: LMDBEnvironment.bufferMark, as: UInt64.self)
            if isNew { return }
        }
    }

    /// Wipes pages that lie side by side: writers wait meanwhile, readers do not.
    ///
    /// A free page is overwritten under the rule by which LMDB itself uses it again: neither of the two snapshots in the file
    /// holds it, and none that somebody reads. Between nodes nobody looks.
    func wipePages(from first: UInt64, count: Int) throws(ArchiveError) -> WipedPages {
        try enter()
        defer { leave() }
        let file = try descriptor()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count * pageBytes, alignment: 16)
        defer { buffer.deallocate() }
        // So that nobody waits for the disk while writers wait.
        try? buffer.fill(from: file, at: Int(first) * pageBytes)
        return try locked { (snapshot, oldest) throws(ArchiveError) in
            var wiped = WipedPages(lastPage: snapshot.lastPage)
            guard first <= snapshot.lastPage else { return wiped }
            let end = min(first + UInt64(count), snapshot.lastPage + 1)
            let pages = PageFile(path: path, file: file, pageBytes: pageBytes, lastPage: snapshot.lastPage)
            let free = try FreePages(of: snapshot, pages, in: first..<end, oldest: oldest)
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(Int(end - first) * pageBytes)])
            try overwriting { () throws(Errno) in try part.fill(from: file, at: Int(first) * pageBytes) }
            var wiper = PageWiper(pageBytes: pageBytes)
            var changes: [Range<Int>] = []
            wiper.wipe(
                part, first: first, free, holdsBack: true, held: { wiped.held.append($0) },
                changed: { range in
                    if let last = changes.last, last.upperBound == range.lowerBound {
                        changes[changes.count - 1] = last.lowerBound..<range.upperBound
                    } else {
                        changes.append(range)
                    }
                })
            for change in changes {
                let bytes = UnsafeRawBufferPointer(rebasing: part[change])
                try overwriting { () throws(Errno) in
                    try WholeBytes.write(bytes, to: file, at: Int(first) * pageBytes + change.lowerBound)
                }
            }
            return wiped
        }
    }

    /// Overwrites what lies behind the last page, and returns once all that was overwritten is on the disk.
    func finishWipe() throws(ArchiveError) {
        try enter()
        defer { leave() }
        let file = try descriptor()
        try locked { (snapshot, _) throws(ArchiveError) in
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            var offset = off_t(snapshot.lastPage + 1) * off_t(pageBytes)
            while true {
                let start = lseek(file, offset, LMDBEnvironment.seekData)
                // There is no more data, or the file system does not tell where there is.
                guard start >= 0 else { return }
                let end = lseek(file, start, LMDBEnvironment.seekHole)
                guard end > start else { return }
                offset = start
                while offset < end {
                    let count = min(zeros.count, Int(end - offset))
                    try overwriting { () throws(Errno) in
                        try WholeBytes.write(zeros[..<count], to: file, at: Int(offset))
                    }
                    offset += off_t(count)
                }
            }
        }
        try overwriting { () throws(Errno) in try Errno.check { fdatasync(file) } }
    }

    /// Does something while nobody writes.
    ///
    /// - Parameter body: is given the newest snapshot, and the oldest transaction whose snapshot is in use.
    private func locked<Result>(
        _ body: (MetaPages.Snapshot, UInt64) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result {
        var transaction: OpaquePointer?
        try check(mdb_txn_begin(handle, nil, 0, &transaction), "beginning a transaction")
        defer { mdb_txn_abort(transaction) }
        guard let newest = try MetaPages.snapshots(of: descriptor(), path: path).last else {
            throw .damaged(path: path, detail: "it has no meta pages")
        }
        return try body(newest, min(newest.transaction, oldestReader()))
    }

    /// The oldest transaction whose snapshot somebody reads, in this process or another one.
    private func oldestReader() -> UInt64 {
        var oldest = UInt64.max
        withUnsafeMutablePointer(to: &oldest) { oldest in
            _ = mdb_reader_list(
                handle,
                { line, context in
                    guard let line, let oldest = context?.assumingMemoryBound(to: UInt64.self) else { return 0 }
                    // Process, thread and transaction; a dash if it reads nothing at the moment.
                    let words = String(cString: line).split(whereSeparator: \.isWhitespace)
                    if words.count == 3, let number = UInt64(words[2]) { oldest.pointee = min(oldest.pointee, number) }
                    return 0
                }, oldest)
        }
        return oldest
    }

    private func descriptor() throws(ArchiveError) -> Int32 {
        var file: mdb_filehandle_t = -1
        try check(mdb_env_get_fd(handle, &file), "asking for the file")
        return file
    }

    private func overwriting(_ body: () throws(Errno) -> Void) throws(ArchiveError) {
        do { try body() } catch { try check(error.rawValue, "overwriting what was forgotten") }
    }
}
