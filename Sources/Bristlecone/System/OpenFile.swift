internal import Glibc

/// A file or folder that is open, and closed when this value goes.
struct OpenFile: ~Copyable, Sendable {
    /// The number that the system knows it by.
    let descriptor: Int32

    /// Opens a path, relative to a folder that is open or to the current one.
    ///
    /// - Parameter permissions: of the file where this creates it.
    init(_ path: String, in folder: Int32 = AT_FDCWD, flags: Int32, permissions: mode_t = 0) throws(SystemError) {
        descriptor = try SystemError.check { openat(folder, path, flags | O_CLOEXEC, permissions) }
    }

    /// Takes over a descriptor.
    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What the system tells about the file.
    func status() throws(SystemError) -> stat {
        var status = stat()
        try SystemError.check { fstat(descriptor, &status) }
        return status
    }

    /// Reads from the start; one byte more than the limit where there is more.
    func read(bytesMax: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let start = count
            let read = try SystemError.check {
                bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start, off_t(start))
                }
            }
            if read == 0 { break }
            count += read
        }
        return Array(bytes.prefix(count))
    }

    /// Writes all of the bytes.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = try SystemError.check {
                rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Returns once the system says that file or folder is on disk.
    func synchronize() throws(SystemError) {
        try SystemError.check { fsync(descriptor) }
    }
}
