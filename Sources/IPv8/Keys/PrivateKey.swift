internal import CSodium

/// Why bytes are not a private key.
public enum PrivateKeyError: Error, Equatable {
    /// The bytes are not a private key in the reference's form.
    case unreadable
}

/// A private key of any level, and the identity that it signs as.
public struct PrivateKey: Sendable {
    /// The reference's binary form, which is also what its key files hold: `LibNaCLSK:`, X25519 secret and Ed25519
    /// seed, or a DER ECPrivateKey with curve and public point.
    public let bytes: [UInt8]
    public let publicKey: PublicKey

    private let signer: Signer

    private enum Signer: Sendable {
        /// libsodium's form: the seed followed by the public key.
        case ed25519([UInt8])
        case ecdsa(ECKey)
    }

    /// Reads a private key in the reference's binary form.
    public init(bytes: [UInt8]) throws(PrivateKeyError) {
        self.bytes = bytes
        if bytes.starts(with: KeyLevel.curve25519PrivatePrefix) {
            (publicKey, signer) = try PrivateKey.readCurve25519(bytes)
        } else {
            guard let key = ECKey(privateDER: bytes), let publicKey = key.publicKey else { throw .unreadable }
            self.publicKey = publicKey
            signer = .ecdsa(key)
        }
    }

    /// The same key in the form that the reference writes: OpenSSL reads PKCS #8 too.
    package func inReferencesForm() throws(PrivateKeyError) -> PrivateKey {
        switch signer {
        case .ed25519: return self
        case .ecdsa(let key):
            guard let bytes = key.privateDER else { throw .unreadable }
            return try PrivateKey(bytes: bytes)
        }
    }

    private static func readCurve25519(_ bytes: [UInt8]) throws(PrivateKeyError) -> (PublicKey, Signer) {
        let secrets = bytes.dropFirst(KeyLevel.curve25519PrivatePrefix.count)
        guard secrets.count == 64, Sodium.isReady else { throw .unreadable }
        var exchangeKey = [UInt8](repeating: 0, count: 32)
        var verificationKey = [UInt8](repeating: 0, count: 32)
        var secretKey = [UInt8](repeating: 0, count: 64)
        guard crypto_scalarmult_curve25519_base(&exchangeKey, Array(secrets.prefix(32))) == 0,
            crypto_sign_seed_keypair(&verificationKey, &secretKey, Array(secrets.suffix(32))) == 0,
            let publicKey = PublicKey(bytes: KeyLevel.curve25519PublicPrefix + exchangeKey + verificationKey)
        else { throw .unreadable }
        return (publicKey, .ed25519(secretKey))
    }

    /// Generates a key with the system's random source.
    public static func generate(_ level: KeyLevel = .curve25519) throws(PrivateKeyError) -> PrivateKey {
        if let curveName = level.curveName {
            guard let key = ECKey(generatingOn: curveName), let bytes = key.privateDER else { throw .unreadable }
            return try PrivateKey(bytes: bytes)
        }
        guard Sodium.isReady else { throw .unreadable }
        var secrets = [UInt8](repeating: 0, count: 64)
        randombytes_buf(&secrets, secrets.count)
        return try PrivateKey(bytes: KeyLevel.curve25519PrivatePrefix + secrets)
    }

    /// The signature over a message, as long as the level says.
    public func sign(_ message: [UInt8]) -> [UInt8] {
        switch signer {
        case .ed25519(let secretKey):
            var signature = [UInt8](repeating: 0, count: 64)
            crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretKey)
            return signature
        case .ecdsa(let key):
            return key.sign(message, componentByteCount: publicKey.level.fieldByteCount)
        }
    }
}
