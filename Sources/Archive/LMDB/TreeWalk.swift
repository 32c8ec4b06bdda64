internal import Glibc

/// Walks over the pages of trees and finds whatever would lead LMDB astray: pages and nodes out of place, keys out of
/// order, pages that are named twice, counts that are wrong.
///
/// It holds one page for each level, and a bit for each page of the file.
struct TreeWalk: ~Copyable {
    let file: PageFile
    /// How many pages were looked at.
    private(set) var pageCount = 0
    private let deadline: ContinuousClock.Instant?
    /// At how many pages to look at the clock again.
    private var nextLook = 0
    private var levels: [UnsafeMutableRawBufferPointer] = []
    private var isNamed: [UInt64]

    /// The deepest tree that LMDB can walk.
    private static let depthMax = 32
    private static let pagesBetweenLooksAtTheClock = 32

    /// What the walk over one tree comes to.
    private struct Tally {
        var branchPages: UInt64 = 0
        var leafPages: UInt64 = 0
        var overflowPages: UInt64 = 0
        var records: UInt64 = 0
    }

    struct Plan {
        var tree: Tree
        var order = TreePage.Order.bytes
        var isMain = false
        /// It will be walked once more, so pages are not noted as used yet.
        var isRehearsal = false
        /// Leaves are passed over, and with them the counts.
        var branchesOnly = false
    }

    /// - Parameter deadline: when to stop, done or not.
    init(file: PageFile, deadline: ContinuousClock.Instant?) {
        self.file = file
        self.deadline = deadline
        isNamed = [UInt64](repeating: 0, count: Int(file.lastPage / 64) + 1)
    }

    deinit { for level in levels { level.deallocate() } }

    /// Walks over a tree; false if time ran out.
    ///
    /// - Parameter visit: is shown each key and the data under it.
    mutating func walk(
        _ plan: Plan,
        _ visit: (inout TreeWalk, UnsafeRawBufferPointer, TreePage.Data) throws(ArchiveError) -> Bool = { _, _, _ in
            true
        }
    ) throws(ArchiveError) -> Bool {
        guard !plan.tree.isEmpty else {
            guard plan.tree.holdsNothing else {
                throw file.damage("a tree without pages is to hold \(plan.tree.records) records")
            }
            return true
        }
        guard (1...TreeWalk.depthMax).contains(plan.tree.depth) else {
            throw file.damage("a tree has an impossible depth")
        }
        var tally = Tally()
        guard try descend(plan, plan.tree.root, level: 0, low: nil, high: nil, &tally, visit) else { return false }
        let tree = plan.tree
        guard
            plan.branchesOnly
                || (tally.branchPages, tally.leafPages, tally.overflowPages, tally.records)
                    == (tree.branchPages, tree.leafPages, tree.overflowPages, tree.records)
        else { throw file.damage("a tree holds \(tally.records) records and \(tree.records) are noted") }
        return true
    }

    private mutating func descend(
        _ plan: Plan, _ number: UInt64, level: Int, low: UnsafeRawBufferPointer?, high: UnsafeRawBufferPointer?,
        _ tally: inout Tally,
        _ visit: (inout TreeWalk, UnsafeRawBufferPointer, TreePage.Data) throws(ArchiveError) -> Bool
    ) throws(ArchiveError) -> Bool {
        guard !isOverdue() else { return false }
        let isBranch = level < plan.tree.depth - 1
        if plan.branchesOnly, !isBranch { return true }
        let page = try read(number, level: level, isBranch: isBranch, plan)
        try checkBounds(of: page, number, isBranch: isBranch, low: low, high: high, plan.order)
        if !plan.branchesOnly, !plan.isRehearsal { try name(number) }
        if isBranch {
            tally.branchPages += 1
            for index in 0..<page.count {
                let above = index == 0 ? low : page.key(index)
                let below = index + 1 < page.count ? page.key(index + 1) : high
                guard
                    try descend(plan, page.child(index), level: level + 1, low: above, high: below, &tally, visit)
                else { return false }
            }
        } else {
            tally.leafPages += 1
            for index in 0..<page.count {
                let data = page.data(index)
                if case .pages(let first, let byteCount) = data {
                    tally.overflowPages += UInt64(try nameOverflow(first, byteCount, level: level + 1))
                }
                tally.records += 1
                guard try visit(&self, page.key(index), data) else { return false }
            }
        }
        return true
    }

    private mutating func read(
        _ number: UInt64, level: Int, isBranch: Bool, _ plan: Plan
    ) throws(ArchiveError) -> TreePage {
        let buffer = buffer(level)
        try file.read(number, into: buffer)
        pageCount += 1
        return try TreePage(
            UnsafeRawBufferPointer(buffer), number: number, isBranch: isBranch, isMain: plan.isMain, order: plan.order,
            of: file)
    }

    /// All keys of a page lie between those that stand left and right of it in the page above.
    private func checkBounds(
        of page: TreePage, _ number: UInt64, isBranch: Bool, low: UnsafeRawBufferPointer?,
        high: UnsafeRawBufferPointer?, _ order: TreePage.Order
    ) throws(ArchiveError) {
        guard !isBranch || page.count > 1 else { return }
        let first = page.key(isBranch ? 1 : 0)
        let last = page.key(page.count - 1)
        let isAbove = low.map { !order.ascends(first, $0) } ?? true
        let isBelow = high.map { order.ascends(last, $0) } ?? true
        guard isAbove, isBelow else { throw file.damage("keys of page \(number) belong elsewhere in the tree") }
    }

    private mutating func nameOverflow(_ first: UInt64, _ byteCount: Int, level: Int) throws(ArchiveError) -> Int {
        let buffer = buffer(level)
        try file.read(first, into: buffer)
        pageCount += 1
        let count = try TreePage.overflowPageCount(
            UnsafeRawBufferPointer(buffer), number: first, byteCount: byteCount, of: file)
        for number in first..<first + UInt64(count) { try name(number) }
        return count
    }

    /// Notes that a page is in use, or free: it can be one of them, once.
    mutating func name(_ number: UInt64) throws(ArchiveError) {
        guard number >= 2, number <= file.lastPage else {
            throw file.damage("page \(number) is named, and the last one is \(file.lastPage)")
        }
        let (word, bit) = (Int(number / 64), UInt64(1) << (number % 64))
        guard isNamed[word] & bit == 0 else { throw file.damage("page \(number) is used twice, or used and free") }
        isNamed[word] |= bit
    }

    private mutating func buffer(_ level: Int) -> UnsafeMutableRawBufferPointer {
        while levels.count <= level {
            levels.append(.allocate(byteCount: file.pageBytes, alignment: 16))
        }
        return levels[level]
    }

    private mutating func isOverdue() -> Bool {
        guard let deadline, pageCount >= nextLook else { return false }
        nextLook = pageCount + TreeWalk.pagesBetweenLooksAtTheClock
        return ContinuousClock.now >= deadline
    }
}
