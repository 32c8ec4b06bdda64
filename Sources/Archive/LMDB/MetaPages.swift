internal import Glibc
internal import Platform
internal import SystemPackage

/// The two meta pages at the beginning of an LMDB file, read before LMDB maps it.
///
/// LMDB trusts them: where they name a page past the end of the file, the first look at it kills the process. Offsets
/// are those of LMDB 0.9 on a 64-bit machine, integers are in the machine's own order.
struct MetaPages {
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let dataVersion: UInt32 = 1
    private static let metaFlag: UInt16 = 0x08
    /// A tree without a page has this as its root.
    private static let noPage = UInt64.max
    /// Page header and meta record together.
    private static let byteCount = 152

    /// Where the fields lie, from the beginning of a page.
    private enum Offset {
        static let flags = 10
        static let magic = 16
        static let version = 20
        static let pageByteCount = 40
        static let free = 40
        static let freeRoot = 80
        static let main = 88
        static let mainRoot = 128
        static let lastPage = 136
        static let transaction = 144
    }

    /// Compares both meta pages of a file with each other and with its length; a file that is not there or empty is
    /// fine, LMDB will begin it.
    static func check(path: String) throws(ArchiveError) {
        let file: OpenFile
        do {
            file = try OpenFile(path, flags: O_RDONLY)
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw .unavailable(path: path, reason: "\(error)")
        }
        let byteCount: Int
        do {
            byteCount = Int(try file.status().st_size)
        } catch {
            throw .unavailable(path: path, reason: "\(error)")
        }
        guard byteCount > 0 else { return }
        try check(file: file.descriptor, fileByteCount: byteCount, path: path)
    }

    /// One of the two states that the file holds.
    struct Snapshot {
        let transaction: UInt64
        let lastPage: UInt64
        let pageBytes: Int
        /// The pages that the next transaction may use.
        let free: Tree
        /// The tree that holds the tables.
        let main: Tree

        /// Where both trees begin: of two commits in turn, at least one differs.
        var roots: [UInt64] { [free.root, main.root] }
    }

    /// What the two meta pages of a file name, once they have been checked, the newer one last; nothing in an empty
    /// file.
    static func snapshots(of file: Int32, path: String) throws(ArchiveError) -> [Snapshot] {
        guard let first = page(of: file, at: 0) else { return [] }
        let pageByteCount = Int(first.loadUnaligned(UInt32.self, at: Offset.pageByteCount))
        guard let second = page(of: file, at: pageByteCount) else { return [] }
        return [first, second].map { page in
            page.withUnsafeBytes { page in
                Snapshot(
                    transaction: page.native(UInt64.self, at: Offset.transaction),
                    lastPage: page.native(UInt64.self, at: Offset.lastPage), pageBytes: pageByteCount,
                    free: Tree(UnsafeRawBufferPointer(rebasing: page[Offset.free...])),
                    main: Tree(UnsafeRawBufferPointer(rebasing: page[Offset.main...])))
            }
        }.sorted { $0.transaction < $1.transaction }
    }

    private static func check(file: Int32, fileByteCount: Int, path: String) throws(ArchiveError) {
        guard let first = page(of: file, at: 0) else {
            throw .truncated(path: path, expectedBytes: 2 * 4096, foundBytes: fileByteCount)
        }
        let pageByteCount = Int(first.loadUnaligned(UInt32.self, at: Offset.pageByteCount))
        try check(first, number: 0, pageByteCount: pageByteCount, fileByteCount: fileByteCount, path: path)
        guard let second = page(of: file, at: pageByteCount) else {
            throw .truncated(path: path, expectedBytes: 2 * pageByteCount, foundBytes: fileByteCount)
        }
        try check(second, number: 1, pageByteCount: pageByteCount, fileByteCount: fileByteCount, path: path)
        // Transactions write the two in turn, so the pages are never more than one apart.
        let transactions = [first, second].map { $0.loadUnaligned(UInt64.self, at: Offset.transaction) }
        guard max(transactions[0], transactions[1]) - min(transactions[0], transactions[1]) <= 1 else {
            throw .damaged(path: path, detail: "its meta pages are not of transactions that follow each other")
        }
    }

    private static func check(
        _ page: [UInt8], number: Int, pageByteCount: Int, fileByteCount: Int, path: String
    ) throws(ArchiveError) {
        let name = "meta page \(number)"
        guard page.loadUnaligned(UInt64.self, at: 0) == number,
            page.loadUnaligned(UInt16.self, at: Offset.flags) & metaFlag != 0,
            page.loadUnaligned(UInt32.self, at: Offset.magic) == magic
        else { throw .damaged(path: path, detail: "\(name) is not one of LMDB's") }
        let version = page.loadUnaligned(UInt32.self, at: Offset.version)
        guard version == dataVersion else {
            throw .damaged(path: path, detail: "\(name) has LMDB's data version \(version), not \(dataVersion)")
        }
        guard (512...65_536).contains(pageByteCount), pageByteCount.nonzeroBitCount == 1,
            page.loadUnaligned(UInt32.self, at: Offset.pageByteCount) == pageByteCount
        else { throw .damaged(path: path, detail: "\(name) has an impossible page size") }
        let lastPage = page.loadUnaligned(UInt64.self, at: Offset.lastPage)
        guard lastPage >= 1, lastPage < UInt64(Int.max / pageByteCount) - 1 else {
            throw .damaged(path: path, detail: "\(name) has an impossible last page")
        }
        for offset in [Offset.freeRoot, Offset.mainRoot] {
            let root = page.loadUnaligned(UInt64.self, at: offset)
            guard root == noPage || (2...max(2, lastPage)).contains(root) else {
                throw .damaged(path: path, detail: "\(name) names a root beyond its last page")
            }
        }
        let transaction = page.loadUnaligned(UInt64.self, at: Offset.transaction)
        guard transaction == 0 || Int(transaction & 1) == number else {
            throw .damaged(path: path, detail: "\(name) carries the other page's transaction")
        }
        let expected = (Int(lastPage) + 1) * pageByteCount
        guard fileByteCount >= expected else {
            throw .truncated(path: path, expectedBytes: expected, foundBytes: fileByteCount)
        }
    }

    private static func page(of file: Int32, at offset: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let count = try? WholeBytes.read(into: &bytes, from: file, at: offset)
        return count == byteCount ? bytes : nil
    }
}

extension [UInt8] {
    /// An integer in the machine's own order; the caller knows that it lies within.
    fileprivate func loadUnaligned<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ type: Integer.Type, at offset: Int
    ) -> Integer {
        withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}
