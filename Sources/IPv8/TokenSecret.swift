/// A secret that a node makes its tokens with. It never leaves the node, but outlives its process.
public struct TokenSecret: Hashable, Sendable {
    /// 16 to 64 unpredictable bytes.
    public var bytes: [UInt8]
    public var drawnAt: Instant

    public init(bytes: [UInt8], drawnAt: Instant) {
        self.bytes = bytes
        self.drawnAt = drawnAt
    }
}
