/// One branch or leaf page of a tree, whose layout has been found sound: every node lies within the page, none overlaps
/// another, and keys ascend.
///
///     number 8 | pad 2 | flags 2 | lower 2 | upper 2 | offset of each node 2 … | free | nodes …
///     node: low 2 | high 2 | flags 2 | key length 2 | key | data
///
/// A branch's node carries the child's page number in low, high and flags; a leaf's the length of its data in low and
/// high.
struct TreePage {
    let bytes: UnsafeRawBufferPointer
    let count: Int

    private static let nodeBytes = 8
    private static let bigData: UInt16 = 0x01
    private static let subtree: UInt16 = 0x02
    /// LMDB's longest key.
    private static let keyBytesMax = 511

    /// How keys of a tree are compared.
    enum Order {
        case bytes
        /// Numbers of eight bytes in the machine's order, in the tree of free pages.
        case numbers
    }

    /// - Parameters:
    ///   - isBranch: which kind of page has to be here.
    ///   - isMain: whether it belongs to the tree that holds the names of the tables.
    init(
        _ bytes: UnsafeRawBufferPointer, number: UInt64, isBranch: Bool, isMain: Bool, order: Order, of file: PageFile
    ) throws(ArchiveError) {
        let lower = Int(bytes.native(UInt16.self, at: PageHeader.lowerOffset))
        let upper = Int(bytes.native(UInt16.self, at: PageHeader.upperOffset))
        guard bytes.native(UInt64.self, at: 0) == number,
            bytes.native(UInt16.self, at: PageHeader.flagsOffset) == (isBranch ? PageHeader.branch : PageHeader.leaf),
            lower >= PageHeader.byteCount, lower % 2 == 0, lower <= upper, upper <= bytes.count
        else { throw file.damage("page \(number) is not what its tree says") }
        self.bytes = bytes
        count = (lower - PageHeader.byteCount) / 2
        // While LMDB takes free pages out of its own tree of them, a branch of that tree may be down to one child.
        guard count >= (isBranch && order == .bytes ? 2 : 1) else { throw file.damage("page \(number) is empty") }
        var usedBytes = 0
        for index in 0..<count {
            guard let length = nodeLength(index, upper: upper, isBranch: isBranch, isMain: isMain, order: order) else {
                throw file.damage("node \(index) of page \(number) does not lie within it")
            }
            usedBytes += length
            // The first key of a branch stands for all that is below the second one.
            guard index <= (isBranch ? 1 : 0) || order.ascends(key(index - 1), key(index)) else {
                throw file.damage("keys of page \(number) are not in order")
            }
        }
        guard usedBytes == bytes.count - upper else { throw file.damage("nodes of page \(number) overlap") }
    }

    /// The length of a node with its padding, where it lies within the page.
    private func nodeLength(_ index: Int, upper: Int, isBranch: Bool, isMain: Bool, order: Order) -> Int? {
        let start = nodeStart(index)
        guard start >= upper, start % 2 == 0, start + TreePage.nodeBytes <= bytes.count else { return nil }
        let keyBytes = keyLength(at: start)
        guard keyBytes <= TreePage.keyBytesMax else { return nil }
        var length = TreePage.nodeBytes + keyBytes
        if isBranch {
            guard index == 0 || order == .bytes || keyBytes == 8 else { return nil }
        } else {
            guard keyBytes > 0, order == .bytes || keyBytes == 8 else { return nil }
            let flags = nodeFlags(at: start)
            switch flags {
            case 0 where !isMain: length += dataLength(at: start)
            case TreePage.bigData where !isMain: length += 8
            case TreePage.subtree where isMain && dataLength(at: start) == Tree.byteCount: length += Tree.byteCount
            default: return nil
            }
        }
        guard start + length <= bytes.count else { return nil }
        return length + length % 2
    }

    /// A key; that of a branch's first node means nothing.
    func key(_ index: Int) -> UnsafeRawBufferPointer {
        let start = nodeStart(index)
        let from = start + TreePage.nodeBytes
        return UnsafeRawBufferPointer(rebasing: bytes[from..<from + keyLength(at: start)])
    }

    /// The page below a node of a branch.
    func child(_ index: Int) -> UInt64 {
        let start = nodeStart(index)
        return UInt64(dataLength(at: start)) | UInt64(nodeFlags(at: start)) << 32
    }

    /// What a node of a leaf holds.
    enum Data {
        case inline(UnsafeRawBufferPointer)
        /// So many bytes, from this page on.
        case pages(first: UInt64, byteCount: Int)
    }

    /// The data of a node of a leaf.
    func data(_ index: Int) -> Data {
        let start = nodeStart(index)
        let from = start + TreePage.nodeBytes + keyLength(at: start)
        let byteCount = dataLength(at: start)
        if nodeFlags(at: start) == TreePage.bigData {
            return .pages(first: bytes.native(UInt64.self, at: from), byteCount: byteCount)
        }
        return .inline(UnsafeRawBufferPointer(rebasing: bytes[from..<from + byteCount]))
    }

    /// How many pages side by side a run of overflow pages takes, by the header of its first one; data begin behind it.
    static func overflowPageCount(
        _ first: UnsafeRawBufferPointer, number: UInt64, byteCount: Int, of file: PageFile
    ) throws(ArchiveError) -> Int {
        let pageCount = Int(first.native(UInt32.self, at: PageHeader.lowerOffset))
        let needed = (PageHeader.byteCount - 1 + byteCount) / file.pageBytes + 1
        guard first.native(UInt64.self, at: 0) == number,
            first.native(UInt16.self, at: PageHeader.flagsOffset) == PageHeader.overflow,
            pageCount >= needed, UInt64(pageCount) <= file.lastPage
        else { throw file.damage("page \(number) does not hold the data that its tree says") }
        return pageCount
    }

    private func nodeStart(_ index: Int) -> Int {
        Int(bytes.native(UInt16.self, at: PageHeader.byteCount + 2 * index))
    }

    private func keyLength(at start: Int) -> Int { Int(bytes.native(UInt16.self, at: start + 6)) }

    private func nodeFlags(at start: Int) -> UInt16 { bytes.native(UInt16.self, at: start + 4) }

    private func dataLength(at start: Int) -> Int { Int(bytes.native(UInt32.self, at: start)) }
}

extension TreePage.Order {
    /// Whether the one key goes before the other.
    func ascends(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .numbers: left.native(UInt64.self, at: 0) < right.native(UInt64.self, at: 0)
        case .bytes: left.lexicographicallyPrecedes(right)
        }
    }
}
