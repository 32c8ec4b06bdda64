public import IPv8

/// An archived value, expired or not, and what the archive knows about it.
public struct ArchivedRecord: Hashable, Sendable {
    /// The value.
    public var entry: Entry
    /// When this version came here first.
    public var firstSeen: Instant
    /// When it was last stored with a write.
    public var lastStored: Instant
    /// Until when it is served.
    public var expiresAt: Instant
    /// Where it came from.
    public var provenance: Provenance
    /// Whether it was published here and withdrawn.
    public var isWithdrawn = false
}

/// A record whose checksum is wrong. It is never served; its neighbours are.
public struct DamagedRecord: Hashable, Sendable {
    /// The name of the table.
    public var table: String
    /// The key that it was found under.
    public var key: [UInt8]
}
