/// Values to be stored under a target, from one request.
public struct StoreChange: Hashable, Sendable {
    /// The key that the values are found by.
    public var target: Target
    /// The values. Whoever made the request has checked their signatures.
    public var entries: [Entry]
    /// Until when the DHT is served them; a refresh never moves it backwards.
    public var expiresAt: Instant
    /// Where they came from.
    public var provenance: Provenance

    /// Describes a request.
    public init(target: Target, entries: [Entry], expiresAt: Instant, provenance: Provenance) {
        self.target = target
        self.entries = entries
        self.expiresAt = expiresAt
        self.provenance = provenance
    }
}

/// Where a stored value came from.
public enum Provenance: Hashable, Sendable {
    /// The operator published it through this node.
    case publishedHere
    /// A peer stored it here.
    case received(from: Mid, at: Address)
}
