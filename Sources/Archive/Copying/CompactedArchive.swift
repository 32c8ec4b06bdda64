internal import Glibc
internal import Platform
internal import SystemPackage

/// Puts a copy without free pages in the place of an archive that nobody has open.
///
/// The copy is written beside the archive, compared with it record by record, checked page by page and synced. Then it gets
/// the archive's name in one step of the file system. The old archive keeps another name until the new one has been opened.
/// So a power cut at any moment leaves one whole archive under its name.
package struct CompactedArchive {
    private let folder: LockedFolder
    private var path: String { folder.path + "/archive.mdb" }
    private var copyPath: String { path + ".compacted" }
    private var asidePath: String { path + ".compacting" }
    private var keptPath: String { path + ".before-compact" }

    package struct Result: Hashable, Sendable {
        /// Bytes on the disk before and after.
        package var bytesBefore: Int
        package var bytesAfter: Int
        /// Records that were compared.
        package var records: Int
        /// Where the archive that was there before is; `nil` if it was deleted.
        package var keptAs: String?
    }

    /// How far it is: what is being done; the table, and records of it compared, of those there are.
    package enum Progress: Hashable, Sendable {
        case copying
        case comparing(String, Int, of: Int)
        case checking
    }

    package init(_ folder: LockedFolder) { self.folder = folder }

    /// Writes the compacted copy, and then puts it in the archive's place.
    ///
    /// - Parameter keepsOld: whether the archive that was there before stays in the folder.
    package func run(
        keepsOld: Bool, progress: (Progress) -> Void
    ) throws(ArchiveError) -> Result {
        if keepsOld, FileStatus.exists(keptPath) { throw .keptArchive(path: keptPath) }
        try refuseLink()
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
            do {
                try Errno.check { rename(asidePath, keptPath) }
            } catch {
                throw .unavailable(path: keptPath, reason: "\(error)")
            }
        } else {
            unlink(asidePath)
        }
        try folder.synchronize()
        return Result(
            bytesBefore: before, bytesAfter: after, records: records, keptAs: keepsOld ? keptPath : nil)
    }

    /// Deletes what a killed run left beside an archive that has been opened since: it keeps what is forgotten from now on.
    package static func removeLeftovers(in folder: String) {
        let path = folder + "/archive.mdb"
        for name in [path + ".compacted", path + ".compacting"] {
            guard let left = try? FileStatus.of(name, followsLinks: false), FileIdentity(path: path) != left.identity
            else { continue }
            unlink(name)
        }
    }

    /// Deletes the old archive if a run was killed before it did. The new one was compared with it before the exchange;
    /// it only has to open.
    private func finishKilledRun() throws(ArchiveError) {
        guard let old = try? FileStatus.of(asidePath, followsLinks: false) else { return }
        if let new = FileIdentity(path: path), new != old.identity {
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

    private func makeCopy(_ progress: (Progress) -> Void) throws(ArchiveError) -> Int {
        progress(.copying)
        // What an earlier attempt left.
        unlink(copyPath)
        let original = try ReadOnlyEnvironment(path: path, isShared: false)
        // A newer program's is left alone.
        _ = try original.read { (transaction) throws(ArchiveError) in try transaction.identity() }
        try FileCopy.create(copyPath) { original.copyCompacted(toDescriptor: $0) }
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

    /// The copy would replace the link and leave the archive, with what was forgotten, where it is.
    private func refuseLink() throws(ArchiveError) {
        guard (try? FileStatus.of(path, followsLinks: false))?.isLink == true else { return }
        throw .unsafe(
            path: path, problem: "is a symbolic link, and compacting needs the archive itself in the folder",
            remedy: "run: mv \"$(readlink -f \(path))\" \(path)")
    }

    /// Gives the archive a second name, and its first one to the copy.
    private func swap() throws(ArchiveError) {
        do {
            try Errno.check { link(path, asidePath) }
        } catch {
            unlink(copyPath)
            throw .unavailable(path: asidePath, reason: "\(error)")
        }
        try folder.synchronize()
        do {
            try takeName(copyPath)
        } catch {
            unlink(asidePath)
            unlink(copyPath)
            throw .unavailable(path: path, reason: "\(error)")
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
                _ = try transaction.upgrade(try transaction.readIdentity(&damaged))
            }.close()
        } catch {
            if (try? takeName(asidePath)) != nil { try folder.synchronize() }
            throw error
        }
    }

    /// Gives a file the archive's name. LMDB's file of readers goes: it knows the last transaction of the file that had the
    /// name before, and for as long as somebody who looks at that one has it open, LMDB would take it for this one's.
    /// Whoever joins in between has made a new one.
    private func takeName(_ file: String) throws(Errno) {
        unlink(path + "-lock")
        try Errno.check { rename(file, path) }
        unlink(path + "-lock")
    }

    private func bytesOnDisk(_ path: String) -> Int {
        (try? FileStatus.of(path))?.bytesOnDisk ?? 0
    }
}
