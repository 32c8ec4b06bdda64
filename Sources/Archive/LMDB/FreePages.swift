internal import Glibc

/// Which pages of a part of an LMDB file are free in a snapshot, read page by page past LMDB's map.
struct FreePages {
    /// Whether a page is free, and may not be overwritten yet: a snapshot that somebody reads may still hold it.
    enum State {
        case inUse
        case free
        case held
    }

    private var first: UInt64
    private var states: [State]
    /// Where lists of free pages end within pages that they have to themselves: offsets in the file.
    private(set) var tails: [Range<Int>] = []

    /// Reads the lists of a snapshot.
    ///
    /// - Parameters:
    ///   - range: the pages that are asked about.
    ///   - oldest: the oldest transaction whose snapshot is in use: what it and later ones freed is held.
    init(
        of snapshot: MetaPages.Snapshot, _ file: PageFile, in range: Range<UInt64>, oldest: UInt64
    ) throws(ArchiveError) {
        first = range.lowerBound
        states = [State](repeating: .inUse, count: range.count)
        var pages = self
        var walk = TreeWalk(file: file, deadline: nil)
        _ = try walk.walk(TreeWalk.Plan(tree: snapshot.free, order: .numbers)) {
            (_, key, data) throws(ArchiveError) in
            let state: State = key.native(UInt64.self, at: 0) < oldest ? .free : .held
            switch data {
            case .inline(let list): pages.note(list, state)
            case .pages(let first, let byteCount): try pages.note(from: first, byteCount, state, file)
            }
            return true
        }
        self = pages
    }

    subscript(page: UInt64) -> State {
        guard page >= first, page - first < UInt64(states.count) else { return .inUse }
        return states[Int(page - first)]
    }

    private mutating func note(
        from page: UInt64, _ byteCount: Int, _ state: State, _ file: PageFile
    ) throws(ArchiveError) {
        let headerBytes = 16
        let pageCount = (headerBytes - 1 + byteCount) / file.pageBytes + 1
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pageCount * file.pageBytes, alignment: 16)
        defer { buffer.deallocate() }
        try file.read(page, into: buffer)
        note(UnsafeRawBufferPointer(rebasing: buffer[headerBytes..<headerBytes + byteCount]), state)
        // How many pages it was given, which may be more than it needs, is noted in the first of them.
        let given = Int(UnsafeRawBufferPointer(buffer).native(UInt32.self, at: 12))
        let start = Int(page) * file.pageBytes
        tails.append(start + headerBytes + byteCount..<start + max(given, pageCount) * file.pageBytes)
    }

    private mutating func note(_ list: UnsafeRawBufferPointer, _ state: State) {
        let count = min(list.count / 8 - 1, Int(clamping: list.count >= 8 ? list.native(UInt64.self, at: 0) : 0))
        guard count > 0 else { return }
        for place in 1...count {
            let page = list.native(UInt64.self, at: 8 * place)
            if page >= first, page - first < UInt64(states.count) { states[Int(page - first)] = state }
        }
    }
}
