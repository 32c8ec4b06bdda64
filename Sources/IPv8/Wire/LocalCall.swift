/// What a peer broadcasts to find others in its local network: it asks who takes part in the overlay.
///
///     protocol version 2 (0) | "IPv8" | kind 1 (0) | prefix 22
///
/// Whoever hears it sends the caller an introduction request. The reference calls at every port of the network, since it
/// listens for calls at ports that nobody knows.
public enum LocalCall {
    /// The datagram (the reference's `HDR_ANNOUNCE` and the overlay's prefix).
    public static let bytes: [UInt8] = [0, 0] + Array("IPv8".utf8) + [0] + Packet.prefix
}
