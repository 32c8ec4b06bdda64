public import IPv8

/// A peer that is worth asking after a restart.
public struct StoredContact: Hashable, Sendable {
    /// Who it is.
    public var publicKey: PublicKey
    /// Where it was reached.
    public var address: Address
    /// When it was first met.
    public var firstSeen: Instant
    /// When it last answered; `nil` if it never did.
    public var lastResponse: Instant?

    /// Puts a contact together.
    public init(publicKey: PublicKey, address: Address, firstSeen: Instant, lastResponse: Instant?) {
        self.publicKey = publicKey
        self.address = address
        self.firstSeen = firstSeen
        self.lastResponse = lastResponse
    }
}
