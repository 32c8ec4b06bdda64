public import IPv8

/// Where the archive has a value from.
public enum Provenance: Hashable, Sendable {
    /// The operator published it through this node.
    case publishedHere
    /// A peer stored it here.
    case received(from: Mid, at: Address)
}
