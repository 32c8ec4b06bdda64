internal import CLibcrypto

/// A 256-bit digest as four integers, so that comparing and hashing trees of them needs no allocation.
public struct Digest256: Hashable, Sendable {
    private let words: InlineWords

    private struct InlineWords: Hashable {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
        var fourth: UInt64 = 0
    }

    /// The number of bytes.
    public static let byteCount = 32

    /// Reads 32 bytes; `nil` unless there are exactly 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Digest256.byteCount else { return nil }
        var words = [UInt64](repeating: 0, count: 4)
        for (index, byte) in bytes.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
        self.words = InlineWords(first: words[0], second: words[1], third: words[2], fourth: words[3])
    }

    /// Reads 64 hexadecimal digits of either case; `nil` for anything else.
    public init?(hex: some StringProtocol) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    fileprivate init(_ buffer: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
        }
        words = InlineWords(first: word(0), second: word(1), third: word(2), fourth: word(3))
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        words.first.bigEndianBytes + words.second.bigEndianBytes + words.third.bigEndianBytes
            + words.fourth.bigEndianBytes
    }

    fileprivate func store(in buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        for (index, word) in [words.first, words.second, words.third, words.fourth].enumerated() {
            buffer.storeBytes(of: word.bigEndian, toByteOffset: offset + 8 * index, as: UInt64.self)
        }
    }
}

extension Digest256: CustomStringConvertible {
    /// 64 hexadecimal digits.
    public var description: String { Hex.encode(bytes) }
}

/// Computes SHA-256 of many short inputs without a new set-up for each.
///
/// Every input begins with a byte for its kind, so that no input can pass for another kind: the trees of RFC 6962
/// distinguish leaves and nodes like this. Confined to one thread.
public final class ShortDigests {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto gave no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// The digest of a byte followed by bytes.
    public func digest(_ kind: UInt8, _ bytes: some Collection<UInt8>) -> Digest256 {
        begin(kind)
        if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { update($0) }
        }
        return end()
    }

    /// The digest of a byte and two digests.
    public func digest(_ kind: UInt8, _ left: Digest256, _ right: Digest256) -> Digest256 {
        begin(kind)
        withUnsafeTemporaryAllocation(byteCount: 2 * Digest256.byteCount, alignment: 8) { buffer in
            left.store(in: buffer, at: 0)
            right.store(in: buffer, at: Digest256.byteCount)
            update(UnsafeRawBufferPointer(buffer))
        }
        return end()
    }

    private func begin(_ kind: UInt8) {
        // Without the function's name, OpenSSL keeps the set-up.
        let done = EVP_DigestInit_ex(context, nil, nil)
        precondition(done == 1, "libcrypto gave no SHA-256")
        withUnsafeBytes(of: kind) { update($0) }
    }

    private func update(_ bytes: UnsafeRawBufferPointer) {
        let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "libcrypto gave no SHA-256")
    }

    private func end() -> Digest256 {
        withUnsafeTemporaryAllocation(byteCount: Digest256.byteCount, alignment: 8) { buffer in
            let done = EVP_DigestFinal_ex(
                context, buffer.bindMemory(to: UInt8.self).baseAddress, nil)
            precondition(done == 1, "libcrypto gave no SHA-256")
            return Digest256(UnsafeRawBufferPointer(buffer))
        }
    }
}
