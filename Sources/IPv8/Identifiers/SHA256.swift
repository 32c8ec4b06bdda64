internal import CLibcrypto

/// SHA-256 of bytes that come in pieces. Checks the files of a backup.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// The number of bytes of a digest.
    public static let byteCount = 32

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto gave no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds the next bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { bytes in
            let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
            precondition(done == 1, "libcrypto gave no SHA-256")
        }
    }

    /// The digest of all added bytes.
    public consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
            let done = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(done == 1, "libcrypto gave no SHA-256")
            count = SHA256.byteCount
        }
    }
}
