internal import Glibc
internal import Platform
internal import SystemPackage

/// Looks over LMDB's own pages before LMDB is let at them.
///
/// LMDB trusts its pages: a wrong page number or offset in one of them ends the process at the first look, with SIGBUS
/// or SIGSEGV, or hides records without a word. Records carry checksums, pages do not, but they contradict each other
/// when one is damaged. First the pages above the leaves are checked, then everything, for as long as time allows.
struct StructureCheck {
    /// How far the check came.
    struct Result: Equatable {
        /// How many pages were looked at.
        var pageCount: Int
        /// Whether that were all of them.
        var isComplete: Bool
    }

    let file: PageFile
    let main: Tree
    let free: Tree
    let deadline: ContinuousClock.Instant?

    /// The tree of free pages has numbers as keys; the environment keeps its flags in the same place.
    private static let freeFlags: UInt16 = 0x08
    private static let environmentFlags: UInt16 = 0x4000

    /// Checks a file that nobody writes to and whose meta pages have been checked.
    ///
    /// - Parameter limit: how long it may take; `nil` for as long as it does.
    static func check(path: String, limit: Duration?) throws(ArchiveError) -> Result {
        let opened: OpenFile
        do {
            opened = try OpenFile(path, flags: O_RDONLY)
        } catch {
            if error == .noSuchFileOrDirectory { return Result(pageCount: 0, isComplete: true) }
            throw .unavailable(path: path, reason: "\(error)")
        }
        return try check(opened, path, limit)
    }

    private static func check(
        _ file: borrowing OpenFile, _ path: String, _ limit: Duration?
    ) throws(ArchiveError) -> Result {
        let snapshots = try MetaPages.snapshots(of: file.descriptor, path: path)
        guard let newest = snapshots.last else { return Result(pageCount: 0, isComplete: true) }
        try checkTransactions(of: snapshots, file.descriptor, path)
        let deadline = limit.map { ContinuousClock.now + $0 }
        return try StructureCheck(newest, file.descriptor, path, deadline).check()
    }

    init(
        _ snapshot: MetaPages.Snapshot, _ descriptor: Int32, _ path: String, _ deadline: ContinuousClock.Instant?
    ) {
        file = PageFile(
            path: path, file: descriptor, pageBytes: snapshot.pageBytes, lastPage: snapshot.lastPage)
        main = snapshot.main
        free = snapshot.free
        self.deadline = deadline
    }

    private func check() throws(ArchiveError) -> Result {
        guard free.flags & ~StructureCheck.environmentFlags == StructureCheck.freeFlags, main.flags == 0 else {
            throw file.damage("a meta page has impossible flags")
        }
        var walk = TreeWalk(file: file, deadline: deadline)
        var isDone = try checkTables(&walk, branchesOnly: true)
        if isDone { isDone = try checkFree(&walk, branchesOnly: true) }
        if isDone { isDone = try checkTables(&walk, branchesOnly: false) }
        if isDone { isDone = try checkFree(&walk, branchesOnly: false) }
        return Result(pageCount: walk.pageCount, isComplete: isDone)
    }

    private func checkTables(_ walk: inout TreeWalk, branchesOnly: Bool) throws(ArchiveError) -> Bool {
        guard let tables = try tables(&walk, isRehearsal: branchesOnly) else { return false }
        for (_, table) in tables {
            guard table.flags == 0 else { throw file.damage("a table has impossible flags") }
            guard try walk.walk(TreeWalk.Plan(tree: table, branchesOnly: branchesOnly)) else { return false }
        }
        return true
    }

    /// The tables of the file by their names; `nil` if time ran out.
    ///
    /// A name that was altered hides a table: LMDB would say that there is none, and the next program that writes would
    /// begin an empty one.
    func tables(
        _ walk: inout TreeWalk, isRehearsal: Bool
    ) throws(ArchiveError) -> [(table: Table?, tree: Tree)]? {
        var tables: [(table: Table?, tree: Tree)] = []
        var unknown: [String] = []
        let plan = TreeWalk.Plan(tree: main, isMain: true, isRehearsal: isRehearsal)
        let isDone = try walk.walk(plan) { (_, key, data) throws(ArchiveError) in
            guard case .inline(let bytes) = data else { return true }
            let table = Table.allCases.first { key.elementsEqual($0.name.utf8) }
            if table == nil { unknown.append(Table.shownName(key)) }
            tables.append((table, Tree(bytes)))
            return true
        }
        guard isDone else { return nil }
        let missing = Table.allCases.filter { table in !tables.contains { $0.table == table } }
        if let name = unknown.first, let table = missing.first {
            throw file.damage("the table \(table.name) is missing, and there is one called \(name)")
        }
        return tables
    }

    /// Walks over the lists of free pages: each is a count and so many page numbers, the highest first.
    func checkFree(_ walk: inout TreeWalk, branchesOnly: Bool) throws(ArchiveError) -> Bool {
        try walk.walk(TreeWalk.Plan(tree: free, order: .numbers, branchesOnly: branchesOnly)) {
            (walk, _, data) throws(ArchiveError) in
            switch data {
            case .inline(let bytes): try checkList(bytes, &walk)
            case .pages(let first, let byteCount): try checkList(from: first, byteCount, &walk)
            }
            return true
        }
    }

    private func checkList(from first: UInt64, _ byteCount: Int, _ walk: inout TreeWalk) throws(ArchiveError) {
        let pageCount = (16 - 1 + byteCount) / file.pageBytes + 1
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pageCount * file.pageBytes, alignment: 16)
        defer { buffer.deallocate() }
        try file.read(first, into: buffer)
        try checkList(UnsafeRawBufferPointer(rebasing: buffer[16..<16 + byteCount]), &walk)
    }

    private func checkList(_ list: UnsafeRawBufferPointer, _ walk: inout TreeWalk) throws(ArchiveError) {
        guard list.count >= 8, list.count % 8 == 0, list.native(UInt64.self, at: 0) == UInt64(list.count / 8 - 1) else {
            throw file.damage("a list of free pages has an impossible length")
        }
        var previous = UInt64.max
        for place in stride(from: 8, to: list.count, by: 8) {
            let number = list.native(UInt64.self, at: place)
            guard number < previous else { throw file.damage("a list of free pages is not in order") }
            try walk.name(number)
            previous = number
        }
    }
}

// MARK: - Which of the two snapshots is the newest

extension StructureCheck {
    /// Each snapshot holds the number of the transaction that made it, so a meta page whose number was altered, or
    /// that names another snapshot's root, does not pass for the newest.
    static func checkTransactions(
        of snapshots: [MetaPages.Snapshot], _ descriptor: Int32, _ path: String
    ) throws(ArchiveError) {
        // Both meta pages of a copy name the one snapshot that was copied.
        let isCopy = Set(snapshots.map(\.roots)).count == 1
        for snapshot in isCopy ? snapshots.suffix(1) : snapshots[...] {
            try checkTransaction(
                of: snapshot, isNewest: snapshot.transaction == snapshots.last?.transaction, descriptor, path)
        }
    }

    private static func checkTransaction(
        of snapshot: MetaPages.Snapshot, isNewest: Bool, _ descriptor: Int32, _ path: String
    ) throws(ArchiveError) {
        // A compacted copy begins anew with 1.
        guard snapshot.transaction > 1 else { return }
        let check = StructureCheck(snapshot, descriptor, path, nil)
        let recorded: UInt64?
        do throws(ArchiveError) {
            recorded = try check.recordedTransaction()
        } catch {
            // What is wrong with the older snapshot is of no account.
            if isNewest { throw error }
            return
        }
        guard recorded == nil || recorded == snapshot.transaction else {
            throw check.file.damage("its meta pages are not of the transactions that they name")
        }
    }

    private func recordedTransaction() throws(ArchiveError) -> UInt64? {
        var table: Tree?
        var walk = TreeWalk(file: file, deadline: nil)
        _ = try walk.walk(TreeWalk.Plan(tree: main, isMain: true)) { (_, key, data) throws(ArchiveError) in
            if case .inline(let bytes) = data, key.elementsEqual(Table.meta.name.utf8) { table = Tree(bytes) }
            return true
        }
        guard let table else { return nil }
        var recorded: UInt64?
        _ = try walk.walk(TreeWalk.Plan(tree: table)) { (_, key, data) throws(ArchiveError) in
            if case .inline(let value) = data, key.elementsEqual(TransactionRecord.key.utf8) {
                recorded = TransactionRecord(value, key: key)?.number
            }
            return true
        }
        return recorded
    }
}
