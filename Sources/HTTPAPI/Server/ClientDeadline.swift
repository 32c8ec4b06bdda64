internal import NIOCore
internal import NIOHTTPTypes

/// Closes a connection whose client takes too long over a request, or over reading the response.
///
/// A body of any length may take longer, as long as it comes in fast enough.
///
/// It stands behind the decoder, so a head that comes byte by byte counts as one request that has not come yet.
final class ClientDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let time: TimeAmount
    private let closed: @Sendable () -> Void
    private var timer: Scheduled<Void>?
    /// Requests that have come in whole, without those that are answered whole.
    private var unansweredCount = 0
    /// How much of a long body has come in since the timer began; `nil` if the request has none, or is answered.
    private var streamedBytes: Int?

    /// The timer begins again after so much of a long body.
    private static let streamedBytesMin = 64 << 10

    /// - Parameter closed: called when the connection is closed for that.
    init(_ time: TimeAmount, closed: @escaping @Sendable () -> Void) {
        self.time = time
        self.closed = closed
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request): streamedBytes = Operations.streamsBody(request) ? 0 : nil
        case .body(let buffer): noteBody(buffer.readableBytes, context)
        case .end:
            unansweredCount += 1
            wait(context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            // What still comes of the body is not waited for.
            streamedBytes = nil
            unansweredCount -= 1
            wait(context)
        }
        context.write(data, promise: promise)
    }

    /// A client that does not read lets the responses pile up, until there is no room for more.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        wait(context)
        context.fireChannelWritabilityChanged()
    }

    /// The client has its time unless it is the node that it waits for.
    private func wait(_ context: ChannelHandlerContext) {
        if unansweredCount > 0, context.channel.isWritable { end() } else { begin(context) }
    }

    private func noteBody(_ bytes: Int, _ context: ChannelHandlerContext) {
        guard let streamed = streamedBytes.map({ $0 + bytes }) else { return }
        streamedBytes = streamed
        guard streamed >= ClientDeadline.streamedBytesMin else { return }
        streamedBytes = 0
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let (channel, closed) = (context.channel, closed)
        timer = context.eventLoop.scheduleTask(in: time) {
            closed()
            channel.close(promise: nil)
        }
    }

    private func end() {
        timer?.cancel()
        timer = nil
    }
}
