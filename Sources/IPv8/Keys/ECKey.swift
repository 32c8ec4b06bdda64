internal import CLibcrypto

/// A key on one of the four older curves, in OpenSSL's form. Signatures are ECDSA with SHA-1.
///
/// OpenSSL keeps a queue of errors for each thread. Every failure here empties it, because nobody else does.
///
/// `@unchecked Sendable`: the key never changes, and OpenSSL lets several threads use one key.
final class ECKey: @unchecked Sendable {
    private let key: OpaquePointer

    /// Takes over a key that OpenSSL made.
    private init(_ key: OpaquePointer) { self.key = key }

    deinit { EVP_PKEY_free(key) }

    /// Parses a DER SubjectPublicKeyInfo; `nil` if the point is not on the curve.
    convenience init?(publicDER bytes: [UInt8]) {
        let key = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            return d2i_PUBKEY(nil, &cursor, buffer.count)
        }
        guard let key else {
            ERR_clear_error()
            return nil
        }
        self.init(key)
    }

    /// Parses a DER ECPrivateKey; `nil` if it is invalid, if bytes follow it, or if its public point does not match its
    /// secret, because nobody could check such a key's signatures.
    convenience init?(privateDER bytes: [UInt8]) {
        let key = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let start = buffer.baseAddress else { return nil }
            var cursor: UnsafePointer<UInt8>? = start
            guard let key = d2i_PrivateKey(EVP_PKEY_EC, nil, &cursor, buffer.count) else { return nil }
            guard cursor == start + buffer.count, ECKey.isConsistent(key) else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
        guard let key else {
            ERR_clear_error()
            return nil
        }
        self.init(key)
    }

    /// Whether secret and public point are within their ranges and belong together.
    private static func isConsistent(_ key: OpaquePointer) -> Bool {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_check(context) == 1
    }

    /// Makes a new key on a curve that OpenSSL knows by name.
    convenience init?(generatingOn curveName: String) {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_group_name(context, curveName) == 1,
            EVP_PKEY_generate(context, &key) == 1,
            let key
        else {
            ERR_clear_error()
            return nil
        }
        self.init(key)
    }

    /// The public half; `nil` if the curve is not one of the overlay's.
    var publicKey: PublicKey? {
        ECKey.encoded { i2d_PUBKEY(key, &$0) }.flatMap(PublicKey.init(bytes:))
    }

    /// The DER ECPrivateKey with curve and public point.
    var privateDER: [UInt8]? {
        ECKey.encoded { i2d_PrivateKey(key, &$0) }
    }

    /// r and s, each padded in front with zeros to the length of a field element.
    func sign(_ message: [UInt8], componentByteCount: Int) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var encoded = [UInt8](repeating: 0, count: 256)
        var byteCount = encoded.count
        let signed =
            EVP_DigestSignInit(context, nil, EVP_sha1(), nil, key) == 1
            && EVP_DigestSign(context, &encoded, &byteCount, message, message.count) == 1
        precondition(signed, "OpenSSL refused to sign with a key that it had accepted")
        var cursor: UnsafePointer<UInt8>? = nil
        let signature = encoded.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            cursor = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &cursor, byteCount)
        }
        defer { ECDSA_SIG_free(signature) }
        var components = [UInt8](repeating: 0, count: 2 * componentByteCount)
        components.withUnsafeMutableBufferPointer { buffer in
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), buffer.baseAddress, Int32(componentByteCount))
            BN_bn2binpad(
                ECDSA_SIG_get0_s(signature), buffer.baseAddress.map { $0 + componentByteCount },
                Int32(componentByteCount))
        }
        return components
    }

    /// Whether r and s, one after the other, sign the message.
    func isValid(_ signature: ArraySlice<UInt8>, of message: ArraySlice<UInt8>) -> Bool {
        defer { ERR_clear_error() }
        guard let encoded = ECKey.derSignature(signature) else { return false }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return message.withUnsafeBufferPointer { message in
            EVP_DigestVerifyInit(context, nil, EVP_sha1(), nil, key) == 1
                && EVP_DigestVerify(context, encoded, encoded.count, message.baseAddress, message.count) == 1
        }
    }

    /// The DER form of a signature, which OpenSSL checks.
    private static func derSignature(_ components: ArraySlice<UInt8>) -> [UInt8]? {
        let half = components.count / 2
        return components.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress, let signature = ECDSA_SIG_new() else { return nil }
            defer { ECDSA_SIG_free(signature) }
            let r = BN_bin2bn(start, Int32(half), nil)
            let s = BN_bin2bn(start + half, Int32(half), nil)
            guard ECDSA_SIG_set0(signature, r, s) == 1 else { return nil }
            return encoded { i2d_ECDSA_SIG(signature, &$0) }
        }
    }

    /// Runs one of OpenSSL's encoders and copies its output, which OpenSSL allocates.
    private static func encoded(_ encode: (inout UnsafeMutablePointer<UInt8>?) -> Int32) -> [UInt8]? {
        var output: UnsafeMutablePointer<UInt8>?
        let count = encode(&output)
        guard count > 0, let output else {
            ERR_clear_error()
            return nil
        }
        defer { CRYPTO_free(output, #file, #line) }
        return Array(UnsafeBufferPointer(start: output, count: Int(count)))
    }
}
