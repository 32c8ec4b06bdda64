internal import CLinux
internal import Glibc
package import SystemPackage

/// Has a long file reach the disk while it is being written, a part at a time.
///
/// The system would first gather gigabytes of it in memory. Whoever else syncs something on that disk then waits for them, and
/// pages that are needed again make room for them.
package struct LongWrite {
    private let descriptor: Int32
    /// What lies before is on the disk.
    private var settled = 0

    private static let partBytes = 1 << 20

    package init(to descriptor: Int32) { self.descriptor = descriptor }

    /// Is told how far the file has been written. Once a part has come together, this returns when it is on the disk.
    package mutating func wrote(upTo end: Int) throws(Errno) {
        guard end - settled >= LongWrite.partBytes else { return }
        let (start, count) = (settled, end - settled)
        settled = end
        try Errno.check { sync_file_range(descriptor, start, count, CUnsignedInt(SYNC_FILE_RANGE_WRITE_AND_WAIT)) }
        // It may keep them all the same.
        posix_fadvise(descriptor, start, count, POSIX_FADV_DONTNEED)
    }
}
