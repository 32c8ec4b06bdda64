public import IPv8

/// Packets that carry this node's own key and came from an address that is not this node's.
///
/// Either another node runs with the same identity, or somebody sends packets of this node back to it. The signature is not
/// checked: a check would cost more than the sighting is worth, and a packet that was sent back would pass it.
public struct TwinSightings: Hashable, Sendable {
    /// Where the last one came from.
    public internal(set) var address: Address
    public internal(set) var lastSeen: Instant
    /// How many there were since the node was made.
    public internal(set) var count: Int
}
