internal import CLMDB
internal import Glibc

/// Puts a copy without free pages in the place of an archive that nobody has open.
///
/// The copy is written beside the archive, compared with it record by record, looked over page by page and on the disk
/// before it gets the archive's name, in one step of the file system; what was the archive until then stays under another
/// name until the new one has been opened. So a power cut at any moment leaves one whole archive under its name.
package struct CompactedArchive {
    private let folder: HeldFolder
    private var path: String { folder.path + "/archive.mdb" }
    private var copyPath: String { path + ".compacted" }
    private var asidePath: String { path + ".compacting" }
    private var keptPath: String { path + ".before-compact" }

    /// What compacting came to.
    package struct Result: Hashable, Sendable {
        /// Bytes on the disk before and after.
        package var bytesBefore: Int
        package var bytesAfter: Int
        /// Records that were compared.
        package var records: Int
        /// Where the archive that was there before is; `nil` where it was deleted.
        package var keptAs: String?
    }

    /// How far it is: what is being done; the table, and records of it compared, of those there are.
    package enum Progress: Hashable, Sendable {
        case copying
        case comparing(String, Int, of: Int)
        case checking
    }

    package init(_ folder: HeldFolder) { self.folder = folder }

    /// Does it.
    ///
    /// - Parameter keepsOld: whether the archive that was there before stays in the folder.
    package func run(
        keepsOld: Bool, progress: (Progress) -> Void
    ) throws(ArchiveError) -> Result {
        if keepsOld, isThere(keptPath) { throw .keptArchive(path: keptPath) }
        progress(.checking)
        try finishKilledRun()
        _ = try Archive.checkStructure(folder: folder.path)
        let before = bytesOnDisk(path)
        let records: Int
        do throws(ArchiveError) {
            records = try makeCopy(progress)
        } catch {
            unlink(copyPath)
            throw error
        }
        let after = bytesOnDisk(copyPath)
        try swap()
        progress(.checking)
        try checkOpens()
        if keepsOld {
            guard rename(asidePath, keptPath) == 0 else {
                throw .unavailable(path: keptPath, reason: String(cString: strerror(errno)))
            }
        } else {
            unlink(asidePath)
        }
        try folder.synchronize()
        return Result(
            bytesBefore: before, bytesAfter: after, records: records, keptAs: keepsOld ? keptPath : nil)
    }

    /// Deletes the old archive if a run was killed before it did. The new one was compared with it before the exchange;
    /// it only has to open.
    private func finishKilledRun() throws(ArchiveError) {
        var (old, new) = (stat(), stat())
        guard lstat(asidePath, &old) == 0 else { return }
        let isExchanged = stat(path, &new) == 0 && (old.st_dev, old.st_ino) != (new.st_dev, new.st_ino)
        if isExchanged {
            do throws(ArchiveError) {
                _ = try Archive.checkStructure(folder: folder.path)
                _ = try ReadOnlyEnvironment(path: path, isShared: false).read { (transaction) throws(ArchiveError) in
                    try transaction.identity()
                }
            } catch {
                throw .unfinishedCompact(path: asidePath)
            }
        }
        unlink(asidePath)
        try folder.synchronize()
    }

    private func isThere(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private func makeCopy(_ progress: (Progress) -> Void) throws(ArchiveError) -> Int {
        progress(.copying)
        // What an earlier attempt left.
        unlink(copyPath)
        let original = try ReadOnlyEnvironment(path: path, isShared: false)
        // A newer program's is left alone.
        _ = try original.read { (transaction) throws(ArchiveError) in try transaction.identity() }
        let file = open(copyPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .notCopied(path: copyPath, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        let code = original.copyCompacted(toDescriptor: file)
        guard code == MDB_SUCCESS else { throw .notCopied(path: copyPath, reason: String(cString: mdb_strerror(code))) }
        guard fsync(file) == 0 else { throw .notCopied(path: copyPath, reason: String(cString: strerror(errno))) }
        let copy = try ReadOnlyEnvironment(path: copyPath, isShared: false)
        return try compare(original, copy, progress)
    }

    /// Walks over both side by side; what differs is damage.
    private func compare(
        _ original: ReadOnlyEnvironment, _ copy: ReadOnlyEnvironment, _ progress: (Progress) -> Void
    ) throws(ArchiveError) -> Int {
        try MetaPages.check(path: copyPath)
        _ = try StructureCheck.check(path: copyPath, limit: nil)
        var compared = 0
        for table in Table.allCases {
            guard original.has(table) == copy.has(table) else { throw differs(table) }
            guard original.has(table) else { continue }
            compared += try original.read { (left) throws(ArchiveError) in
                try copy.read { (right) throws(ArchiveError) in try compare(table, left, right, progress) }
            }
        }
        return compared
    }

    private func compare(
        _ table: Table, _ left: borrowing ReadTransaction, _ right: borrowing ReadTransaction,
        _ progress: (Progress) -> Void
    ) throws(ArchiveError) -> Int {
        let total = try left.recordCount(table)
        guard try total == right.recordCount(table) else { throw differs(table) }
        var first = try left.cursor(table)
        var second = try right.cursor(table)
        var (isThere, isThereToo) = (try first.first(), try second.first())
        var count = 0
        while isThere, isThereToo {
            guard first.key.elementsEqual(second.key), first.value.elementsEqual(second.value) else {
                throw differs(table)
            }
            count += 1
            if count.isMultiple(of: 16_384) { progress(.comparing(table.name, count, of: total)) }
            (isThere, isThereToo) = (try first.next(), try second.next())
        }
        guard !isThere, !isThereToo, count == total else { throw differs(table) }
        return count
    }

    private func differs(_ table: Table) -> ArchiveError {
        .damaged(path: path, detail: "its copy differs in the table \(table.name)")
    }

    /// Gives the archive a second name, and its first one to the copy.
    private func swap() throws(ArchiveError) {
        guard link(path, asidePath) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(copyPath)
            throw .unavailable(path: asidePath, reason: reason)
        }
        try folder.synchronize()
        guard takeName(copyPath) else {
            let reason = String(cString: strerror(errno))
            unlink(asidePath)
            unlink(copyPath)
            throw .unavailable(path: path, reason: reason)
        }
        try folder.synchronize()
    }

    /// Opens the new archive as a node would, without its index, which knows nothing of pages; where that fails the old one
    /// gets its name back.
    private func checkOpens() throws(ArchiveError) {
        do throws(ArchiveError) {
            var damaged: [DamagedRecord] = []
            try LMDBEnvironment(path: path, mapBytes: ArchiveOptions().mapBytes, structureCheckMax: nil) {
                (transaction, _) throws(ArchiveError) in
                _ = try Archive.upgrade(try Archive.readIdentity(in: transaction, &damaged), in: transaction)
            }.close()
        } catch {
            if takeName(asidePath) { try folder.synchronize() }
            throw error
        }
    }

    /// Gives a file the archive's name. LMDB's file of readers goes: it knows the last transaction of the file that had the
    /// name before, and for as long as somebody who looks at that one has it open, LMDB would take it for this one's.
    /// Whoever joins in between has made a new one.
    private func takeName(_ file: String) -> Bool {
        unlink(path + "-lock")
        guard rename(file, path) == 0 else { return false }
        unlink(path + "-lock")
        return true
    }

    private func bytesOnDisk(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }
}
