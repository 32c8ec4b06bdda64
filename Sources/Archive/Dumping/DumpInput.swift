internal import Glibc
internal import Platform
internal import SystemPackage

/// Bytes that are read from front to end: of a file, or of memory.
package final class DumpInput {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private var buffer: [UInt8]
    private var place = 0
    /// How many bytes have been read.
    package private(set) var offset = 0
    private var isAtEnd: Bool

    private static let chunkBytes = 1 << 18

    /// Reads an open file from where it stands.
    ///
    /// - Parameter closes: whether the file is closed with this.
    package init(descriptor: Int32, closes: Bool) {
        self.descriptor = descriptor
        ownsDescriptor = closes
        buffer = []
        isAtEnd = false
    }

    /// Reads bytes in memory.
    package init(bytes: [UInt8]) {
        descriptor = -1
        ownsDescriptor = false
        buffer = bytes
        isAtEnd = true
    }

    deinit { if ownsDescriptor { close(descriptor) } }

    /// Whether it can be read again from its beginning.
    package var isRegularFile: Bool {
        descriptor >= 0 && (try? FileStatus.of(descriptor: descriptor))?.isRegularFile == true
    }

    /// How many bytes the file has; 0 if that cannot be told.
    package var byteCount: Int {
        guard descriptor >= 0, let status = try? FileStatus.of(descriptor: descriptor) else { return 0 }
        return Int(status.st_size)
    }

    /// Goes back to the beginning of a file.
    package func rewind() throws(DumpError) {
        guard descriptor >= 0 else {
            (place, offset) = (0, 0)
            return
        }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .unreadable("\(Errno.last)") }
        (buffer, place, offset, isAtEnd) = ([], 0, 0, false)
    }

    /// The next bytes without going on, fewer at the end.
    package func peek(_ count: Int) throws(DumpError) -> ArraySlice<UInt8> {
        while buffer.count - place < count, !isAtEnd { try fill() }
        return buffer[place..<min(buffer.count, place + count)]
    }

    /// The next bytes, fewer at the end.
    package func read(_ count: Int) throws(DumpError) -> [UInt8] {
        let bytes = Array(try peek(count))
        place += bytes.count
        offset += bytes.count
        return bytes
    }

    /// Goes on by bytes that have been peeked at.
    package func skip(_ count: Int) {
        let count = min(count, buffer.count - place)
        place += count
        offset += count
    }

    /// The next line without its end; `nil` behind the last one. One that is longer than it may be is returned in part.
    package func readLine(bytesMax: Int) throws(DumpError) -> [UInt8]? {
        var searched = place
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[place..<end])
                offset += end + 1 - place
                place = end + 1
                return line
            }
            searched = buffer.count
            guard buffer.count - place <= bytesMax else { break }
            guard !isAtEnd else { break }
            let before = place
            try fill()
            searched -= before - place
        }
        guard place < buffer.count else { return nil }
        return try read(min(buffer.count - place, bytesMax + 1))
    }

    private func fill() throws(DumpError) {
        if place > 0 {
            buffer.removeFirst(place)
            place = 0
        }
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: DumpInput.chunkBytes))
        var count = 0
        defer { buffer.removeLast(DumpInput.chunkBytes - count) }
        do {
            count = try Errno.check {
                buffer.withUnsafeMutableBytes {
                    Glibc.read(descriptor, $0.baseAddress?.advanced(by: start), DumpInput.chunkBytes)
                }
            }
        } catch {
            throw .unreadable("\(error)")
        }
        if count == 0 { isAtEnd = true }
    }
}
