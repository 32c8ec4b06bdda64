internal import Platform
internal import SystemPackage

/// The pages of an LMDB file, read one by one past LMDB's map, so that damage is an error and not the process's end.
///
/// Offsets are those of LMDB 0.9 on a 64-bit machine, integers are in the machine's own order.
struct PageFile {
    let path: String
    let pageBytes: Int
    /// The last page that the snapshot may name.
    let lastPage: UInt64
    private let file: Int32

    /// - Parameter file: a descriptor, which the caller closes.
    init(path: String, file: Int32, pageBytes: Int, lastPage: UInt64) {
        self.path = path
        self.file = file
        self.pageBytes = pageBytes
        self.lastPage = lastPage
    }

    /// Reads pages that lie side by side into a buffer of their size.
    func read(_ number: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) {
        let pageCount = UInt64(buffer.count / pageBytes)
        guard number >= 2, number <= lastPage, pageCount - 1 <= lastPage - number else {
            throw damage("page \(number) is named, and the last one is \(lastPage)")
        }
        let count: Int
        do {
            count = try WholeBytes.read(into: buffer, from: file, at: Int(number) * pageBytes)
        } catch {
            throw .ioFailed(path: path, reason: "\(error)")
        }
        guard count == buffer.count else { throw damage("page \(number) is missing") }
    }

    /// The error for damage to the file's own pages.
    func damage(_ detail: String) -> ArchiveError { .damaged(path: path, detail: detail) }
}

/// What LMDB notes of a tree: 48 bytes in a meta page or under a table's name.
struct Tree {
    static let byteCount = 48
    /// A tree without a page has this as its root.
    static let noPage = UInt64.max

    let flags: UInt16
    let depth: Int
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let records: UInt64
    let root: UInt64

    /// - Parameter bytes: at least 48 of them.
    init(_ bytes: UnsafeRawBufferPointer) {
        flags = bytes.native(UInt16.self, at: 4)
        depth = Int(bytes.native(UInt16.self, at: 6))
        branchPages = bytes.native(UInt64.self, at: 8)
        leafPages = bytes.native(UInt64.self, at: 16)
        overflowPages = bytes.native(UInt64.self, at: 24)
        records = bytes.native(UInt64.self, at: 32)
        root = bytes.native(UInt64.self, at: 40)
    }

    var isEmpty: Bool { root == Tree.noPage }

    /// Whether the numbers are those of a tree without pages.
    var holdsNothing: Bool { (depth, branchPages, leafPages, overflowPages, records) == (0, 0, 0, 0, 0) }
}

extension UnsafeRawBufferPointer {
    /// An integer in the machine's own order at a place that the caller has found to lie within.
    func native<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer {
        precondition(offset >= 0 && offset + Integer.bitWidth / 8 <= count, "offset \(offset) of \(count) bytes")
        return loadUnaligned(fromByteOffset: offset, as: type)
    }
}

/// The header of an LMDB page: `number 8 | pad 2 | flags 2 | lower 2 | upper 2`. The offsets of the nodes follow up to
/// `lower`, the nodes from `upper` on.
enum PageHeader {
    static let byteCount = 16
    static let flagsOffset = 10
    static let lowerOffset = 12
    static let upperOffset = 14

    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
}
