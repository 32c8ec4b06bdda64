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

    /// Asks the file system that holds a folder; where it does not say, there is room until a write fails.
    init(folder: String, reserveBytes: Int) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else {
            self = .ample
            return
        }
        let freeBytes = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        let free = freeBytes.overflow ? Int.max : Int(clamping: freeBytes.partialValue)
        if free >= reserveBytes {
            self = .ample
        } else {
            self = free >= reserveBytes / DiskRoom.lastPart ? .scarce : .exhausted
        }
    }
}
