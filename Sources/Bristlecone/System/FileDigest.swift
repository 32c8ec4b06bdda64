internal import Glibc
internal import IPv8
internal import Platform
internal import SystemPackage

/// What a file holds, in 64 hexadecimal digits, and how long it is.
struct FileDigest: Equatable {
    var bytes: Int
    var sha256: String

    private static let chunkBytes = 1 << 20

    /// Reads a file from its start to its end.
    ///
    /// - Parameter take: is given everything that was read, piece by piece.
    init(
        of file: borrowing OpenFile, _ take: ([UInt8]) throws(Errno) -> Void = { _ throws(Errno) in }
    ) throws(Errno) {
        var digest = SHA256()
        var offset = 0
        while true {
            let chunk = try FileDigest.chunk(of: file, at: offset)
            if chunk.isEmpty { break }
            digest.update(chunk[...])
            try take(chunk)
            offset += chunk.count
        }
        bytes = offset
        sha256 = Hex.encode(digest.finish())
    }

    /// Puts together what a manifest says.
    init(bytes: Int, sha256: String) {
        self.bytes = bytes
        self.sha256 = sha256
    }

    private static func chunk(of file: borrowing OpenFile, at offset: Int) throws(Errno) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        let count = try WholeBytes.read(into: &chunk, from: file.descriptor, at: offset)
        // A long file makes others leave the memory, and is not read again soon.
        posix_fadvise(file.descriptor, offset, count, POSIX_FADV_DONTNEED)
        chunk.removeLast(chunk.count - count)
        return chunk
    }
}
