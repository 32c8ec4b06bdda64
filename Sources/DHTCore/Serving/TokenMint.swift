internal import IPv8

/// Gives out tokens and knows its own again.
///
/// A token binds a permission to store to the asker's address and identity, without keeping anything for each asker: it
/// is a code over the two under a secret. Secrets take turns, and the two newest are valid, so a token lives for one to
/// two turns.
struct TokenMint: Sendable {
    private(set) var secrets: [TokenSecret]

    /// How often the secret changes.
    static let secretInterval: Duration = .seconds(300)
    /// How long a token may be used by who was given it (the reference's `TOKEN_EXPIRATION_TIME`).
    static let tokenLifetime: Duration = .seconds(600)
    /// A secret has its turn for a little longer, up to the next look whether it is over; its last token is to be valid
    /// for as long as its first.
    private static let secretLifetime = tokenLifetime + Job.tokenRotation.interval
    private static let secretsMax = 2

    /// Goes on with the secrets of an earlier run. One of the future was drawn by a clock that was wrong, and would be
    /// valid for as long as that was off.
    init(secrets: [TokenSecret], at now: Instant) {
        self.secrets = secrets.filter { $0.drawnAt <= now }.sorted { $0.drawnAt < $1.drawnAt }
            .suffix(TokenMint.secretsMax)
    }

    /// Whether a new secret is needed before tokens can be given out or because the newest has had its turn.
    func needsSecret(at now: Instant) -> Bool {
        guard let newest = secrets.last else { return true }
        return now - newest.drawnAt >= TokenMint.secretInterval
    }

    /// Makes new tokens with a new secret from now on.
    mutating func add(_ secret: TokenSecret) {
        secrets = (secrets + [secret]).suffix(TokenMint.secretsMax)
    }

    /// The token for a peer; `nil` before the first secret has come.
    func token(for mid: Mid, at address: Address) -> Token? {
        secrets.last.map { TokenMint.token(for: mid, at: address, secret: $0) }
    }

    /// Whether a token was given to this peer at this address and is not too old.
    func isValid(_ token: Token, from mid: Mid, at address: Address, now: Instant) -> Bool {
        secrets.contains { secret in
            now - secret.drawnAt < TokenMint.secretLifetime
                && TokenMint.token(for: mid, at: address, secret: secret) == token
        }
    }

    private static func token(for mid: Mid, at address: Address, secret: TokenSecret) -> Token {
        let subject = address.host.bytes + address.port.bigEndianBytes + mid.bytes
        return Token(bits: Digest.blake2b160(subject, key: secret.bytes))
    }
}
