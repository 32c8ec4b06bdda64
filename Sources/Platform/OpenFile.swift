package import Glibc
package import SystemPackage

/// An open file or folder, closed when this value goes out of scope.
package struct OpenFile: ~Copyable, Sendable {
    /// The number that the system knows the file by.
    package let descriptor: Int32

    /// Opens a path, relative to an open folder or to the current one. A file that this creates is for its owner alone.
    package init(_ path: String, in folder: Int32 = AT_FDCWD, flags: Int32) throws(Errno) {
        descriptor = try Errno.check {
            openat(folder, path, flags | O_CLOEXEC, FilePermissions.ownerReadWrite.rawValue)
        }
    }

    /// Creates a file for its owner alone, to be written. Fails if anything has the name already, even a link.
    package init(creating path: String) throws(Errno) {
        try self.init(path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    }

    /// Takes over a descriptor.
    package init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What the system knows about the file.
    package func status() throws(Errno) -> stat { try FileStatus.of(descriptor: descriptor) }

    /// Reads from the beginning of the file; one byte more than the limit if there is more.
    package func read(bytesMax: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = try WholeBytes.read(into: &bytes, from: descriptor, at: 0)
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    package func write(_ bytes: [UInt8]) throws(Errno) { try WholeBytes.write(bytes[...], to: descriptor) }

    /// Returns once the file or folder is on the disk.
    package func synchronize() throws(Errno) { try Errno.check { fsync(descriptor) } }
}

/// Moves bytes between memory and an open file: all of them, or an error.
///
/// A system call may move fewer bytes than it was asked to, and a descriptor that does not wait may have no room. Both end
/// here and nowhere else.
package enum WholeBytes {
    /// Writes bytes where the file stands, or at a place in it.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int? = nil
    ) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            do throws(Errno) {
                let count = try Errno.check {
                    offset.map { pwrite(descriptor, rest.baseAddress, rest.count, off_t($0 + done)) }
                        ?? Glibc.write(descriptor, rest.baseAddress, rest.count)
                }
                guard count > 0 else { throw Errno.ioError }
                done += count
            } catch {
                guard error == .resourceTemporarilyUnavailable else { throw error }
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&room, 1, -1)
            }
        }
    }

    /// Writes bytes where the file stands, or at a place in it.
    package static func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, at offset: Int? = nil
    ) throws(Errno) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(Errno) in try write(bytes, to: descriptor, at: offset) }
        }
        try result.get()
    }

    /// Fills a buffer from a place in a file.
    ///
    /// - Returns: how many bytes were read; fewer than the buffer holds only at the end of the file.
    package static func read(
        into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int
    ) throws(Errno) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try Errno.check { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Fills an array from a place in a file.
    ///
    /// - Returns: how many bytes were read; fewer than the array holds only at the end of the file.
    package static func read(
        into bytes: inout [UInt8], from descriptor: Int32, at offset: Int
    ) throws(Errno) -> Int {
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(Errno) in try read(into: buffer, from: descriptor, at: offset) }
        }
        return try result.get()
    }
}
