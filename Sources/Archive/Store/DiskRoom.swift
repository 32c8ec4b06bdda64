internal import Glibc

/// How much of the disk's room the archive may still use.
enum DiskRoom {
    /// New values may come.
    case ample
    /// The reserve is touched: what is held may be replaced and refreshed.
    case scarce
    /// Nothing is written.
    case exhausted

    /// Below this part of the reserve nothing is written.
    private static let lastPart = 4

    /// LMDB writes no more than this at a time, so less is left where a write was cut short.
    private static let writeBytesMax = 16 << 20

    /// Asks the file system that holds a folder; where it does not say, there is room until a write fails.
    init(folder: String, reserveBytes: Int) {
        let free = DiskRoom.freeBytes(folder: folder)
        if free >= reserveBytes {
            self = .ample
        } else {
            self = free >= reserveBytes / DiskRoom.lastPart ? .scarce : .exhausted
        }
    }

    /// Whether an input or output error may only mean that the disk is full: LMDB reports a write that was cut short
    /// as EIO, whatever the reason.
    static func hasRunOut(folder: String) -> Bool { freeBytes(folder: folder) < writeBytesMax }

    static func freeBytes(folder: String) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return .max }
        let product = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return product.overflow ? .max : Int(clamping: product.partialValue)
    }
}
