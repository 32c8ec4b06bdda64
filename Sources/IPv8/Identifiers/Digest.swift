internal import CLibcrypto
internal import CSodium

/// The hash functions of the overlay and of the archive.
public enum Digest {
    /// SHA-1, which names keys, peers and unsigned values in the overlay.
    public static func sha1(_ bytes: [UInt8]) -> Bits160 {
        bits160 { output in
            let done = EVP_Digest(bytes, bytes.count, output, nil, sha1Function, nil)
            precondition(done == 1, "libcrypto gave no SHA-1")
        }
    }

    /// Looked up once, because `EVP_sha1()` makes the library search for each digest, which takes longer than the
    /// digest.
    nonisolated(unsafe) private static let sha1Function = EVP_MD_fetch(nil, "SHA1", nil)

    /// BLAKE2b with a key and 160 bits of output: a message authentication code.
    ///
    /// - Parameter key: 16 to 64 bytes.
    public static func blake2b160(_ bytes: [UInt8], key: [UInt8]) -> Bits160 {
        precondition(Sodium.isReady, "libsodium cannot be used on this machine")
        return bits160 { output in
            let failed = crypto_generichash(
                output, Bits160.byteCount, bytes, UInt64(bytes.count), key, key.count)
            precondition(failed == 0, "BLAKE2b takes a key of 16 to 64 bytes, not \(key.count)")
        }
    }

    /// SipHash-2-4 under a fixed public key: the checksum of the archive's records. It finds damage, not malice.
    public static func checksum64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8) { output in
            guard let start = output.baseAddress else { return 0 }
            let input = bytes.bindMemory(to: UInt8.self).baseAddress
            _ = crypto_shorthash(start, input, UInt64(bytes.count), checksumKey)
            return output.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private static let checksumKey = Array("bristlecone/rec1".utf8)

    /// SipHash-2-4 of a number's bytes, the least significant first. Without the key, some results do not reveal any
    /// other.
    ///
    /// - Parameter key: 16 bytes.
    public static func keyed64(_ number: UInt64, key: [UInt8]) -> UInt64 {
        precondition(key.count == keyed64KeyByteCount, "SipHash takes a key of 16 bytes, not \(key.count)")
        var result: UInt64 = 0
        withUnsafeBytes(of: number.littleEndian) { input in
            withUnsafeMutableBytes(of: &result) { output in
                guard let from = input.baseAddress, let to = output.baseAddress else { return }
                _ = crypto_shorthash(
                    to.assumingMemoryBound(to: UInt8.self), from.assumingMemoryBound(to: UInt8.self),
                    UInt64(input.count), key)
            }
        }
        return UInt64(littleEndian: result)
    }

    private static let keyed64KeyByteCount = 16

    /// Lets a hash function write its 20 bytes and reads them as a number.
    private static func bits160(_ write: (UnsafeMutablePointer<UInt8>) -> Void) -> Bits160 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Bits160.byteCount) { output in
            guard let start = output.baseAddress else { return .zero }
            write(start)
            return Bits160(output) ?? .zero
        }
    }

    /// CRC-32 with zlib's polynomial, as node ids use it, of the last bytes of an integer, most significant first.
    ///
    /// - Parameter byteCount: how many of its eight bytes count.
    public static func crc32(_ integer: UInt64, byteCount: Int) -> UInt32 {
        var remainder = UInt32.max
        for position in (0..<UInt64(byteCount)).reversed() {
            let byte = UInt8(truncatingIfNeeded: integer >> (8 * position))
            remainder = remainder >> 8 ^ crcSteps[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)]
        }
        return ~remainder
    }

    /// The effect of each byte on the remainder: the polynomial's eight steps, bit by bit.
    private static let crcSteps = (0..<UInt32(256)).map { byte in
        (0..<8).reduce(byte) { remainder, _ in
            remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1
        }
    }
}
