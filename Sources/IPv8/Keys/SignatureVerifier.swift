internal import CSodium
internal import Synchronization

/// Checks signatures of all levels. Safe to use from several threads.
///
/// libsodium checks Ed25519 and refuses public keys of small order. The reference's library accepts some signatures of
/// such keys, which prove nothing. Parsing a key of the older curves costs more than 100 µs, so the most recently used
/// ones are cached.
public final class SignatureVerifier: Sendable {
    private let keys = Mutex<[PublicKey: ECKey]>([:])

    /// How many parsed keys of the older curves are cached.
    private static let cachedKeysMax = 512

    public init() { precondition(Sodium.isReady, "libsodium cannot be used on this machine") }

    /// Whether the signature over the message was made with the private half of the key.
    public func isValid(_ signature: ArraySlice<UInt8>, of message: ArraySlice<UInt8>, by key: PublicKey) -> Bool {
        guard signature.count == key.level.signatureByteCount else { return false }
        switch key.level {
        case .curve25519: return isValidEd25519(signature, of: message, by: key.material.suffix(32))
        case .veryLow, .low, .medium, .high: return parsed(key)?.isValid(signature, of: message) ?? false
        }
    }

    private func isValidEd25519(
        _ signature: ArraySlice<UInt8>, of message: ArraySlice<UInt8>, by key: ArraySlice<UInt8>
    ) -> Bool {
        signature.withUnsafeBufferPointer { signature in
            message.withUnsafeBufferPointer { message in
                key.withUnsafeBufferPointer { key in
                    guard let signature = signature.baseAddress, let key = key.baseAddress else { return false }
                    return crypto_sign_verify_detached(
                        signature, message.baseAddress, UInt64(message.count), key) == 0
                }
            }
        }
    }

    private func parsed(_ key: PublicKey) -> ECKey? {
        if let known = keys.withLock({ $0[key] }) { return known }
        guard let parsed = ECKey(publicDER: key.bytes) else { return nil }
        keys.withLock { keys in
            if keys.count >= SignatureVerifier.cachedKeysMax { keys.removeAll() }
            keys[key] = parsed
        }
        return parsed
    }
}

/// libsodium needs to be initialized before any other use.
enum Sodium {
    /// Initializes it at the first use, once for all threads.
    static let isReady = sodium_init() >= 0
}
