public import IPv8

/// Answers that another node signed with this node's own key, from an address that is not this node's.
///
/// A packet with the key is no proof, because anybody can forge one or send this node's own packets back. So its sender is pinged,
/// and what counts is the answer.
public struct TwinSightings: Hashable, Sendable {
    /// Where the last one came from.
    public internal(set) var address: Address
    public internal(set) var lastSeen: Instant
    /// How many there were since the node was made.
    public internal(set) var count: Int
}
