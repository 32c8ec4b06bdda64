internal import HummingbirdCore
internal import NIOCore

/// How much a client may take of the server.
struct ServerLimits: Sendable {
    /// How long a client may take to send a whole request or to read a response, and how long a connection stays open that
    /// nobody uses.
    var patience: Duration = .seconds(30)
    /// How many connections there may be at once, of those on the control socket and of those over TCP each: a flood over TCP
    /// does not keep the operator out.
    var connectionsMax: Int

    /// The longest body: ten thousand values to store, in hexadecimal digits, with room to spare.
    static let bodyBytesMax = 8 << 20
    /// No head needs more: the longest has a key, a query and what a browser adds.
    static let head = HTTP1Channel.Configuration.DecoderConfiguration(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)
}
