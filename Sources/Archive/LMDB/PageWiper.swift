internal import Glibc

/// Clears the bytes that do not belong to a snapshot: all of a free page, and the gap between the nodes of a page in
/// use. LMDB leaves the bytes there of records that were deleted or moved.
///
/// Pages come in the order of their numbers: those behind the first one of a long list of free pages have no header, so
/// the wiper has to have seen the first.
struct PageWiper {
    private let pageBytes: Int
    /// Pages below this one are part of a run that has been looked at.
    private var runEnd: UInt64 = 0

    init(pageBytes: Int) { self.pageBytes = pageBytes }

    /// Wipes pages that lie side by side.
    ///
    /// - Parameters:
    ///   - pages: the bytes of the pages, which are overwritten in place.
    ///   - first: the number of the first page.
    ///   - free: which pages are free.
    ///   - holdsBack: whether to leave a free page alone while a reader may still use it.
    ///   - held: called with the number of each page that was left alone for that reason.
    ///   - changed: called with each range of bytes that was overwritten, in ascending order.
    mutating func wipe(
        _ pages: UnsafeMutableRawBufferPointer, first: UInt64, _ free: FreePages, holdsBack: Bool = false,
        held: (UInt64) -> Void = { _ in }, changed: (Range<Int>) -> Void = { _ in }
    ) {
        for place in 0..<pages.count / pageBytes {
            let number = first + UInt64(place)
            let start = place * pageBytes
            switch free[number] {
            case .held where holdsBack: held(number)
            case .free, .held: zero(pages, start..<start + pageBytes, changed)
            case .inUse:
                if let gap = gap(in: UnsafeRawBufferPointer(rebasing: pages[start..<start + pageBytes]), number) {
                    zero(pages, start + gap.lowerBound..<start + gap.upperBound, changed)
                }
            }
        }
        let start = Int(first) * pageBytes
        for tail in free.tails {
            let part = (tail.lowerBound - start..<tail.upperBound - start).clamped(to: 0..<pages.count)
            if !part.isEmpty { zero(pages, part, changed) }
        }
    }

    /// What lies between the offsets and the nodes of a branch or a leaf; `nil` for any other page, and for one that is
    /// damaged.
    private mutating func gap(in page: UnsafeRawBufferPointer, _ number: UInt64) -> Range<Int>? {
        guard number >= runEnd, page.native(UInt64.self, at: 0) == number else { return nil }
        let flags = page.native(UInt16.self, at: PageHeader.flagsOffset)
        if flags == PageHeader.overflow {
            runEnd = number + UInt64(page.native(UInt32.self, at: PageHeader.lowerOffset))
            return nil
        }
        guard flags == PageHeader.branch || flags == PageHeader.leaf else { return nil }
        let lower = Int(page.native(UInt16.self, at: PageHeader.lowerOffset))
        let upper = Int(page.native(UInt16.self, at: PageHeader.upperOffset))
        guard lower >= PageHeader.byteCount, lower < upper, upper <= page.count else { return nil }
        return lower..<upper
    }

    private func zero(_ pages: UnsafeMutableRawBufferPointer, _ range: Range<Int>, _ changed: (Range<Int>) -> Void) {
        let part = UnsafeMutableRawBufferPointer(rebasing: pages[range])
        guard !UnsafeRawBufferPointer(part).isZero, let start = part.baseAddress else { return }
        memset(start, 0, part.count)
        changed(range)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether all bytes are zero.
    var isZero: Bool {
        guard let start = baseAddress, count > 0 else { return true }
        return self[0] == 0 && memcmp(start, start + 1, count - 1) == 0
    }
}
