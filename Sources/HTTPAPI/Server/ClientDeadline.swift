internal import NIOCore
internal import NIOHTTPTypes

/// Closes a connection whose client takes too long over a request, or over reading the response.
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
        if case .end = unwrapInboundIn(data) { end() }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { begin(context) }
        context.write(data, promise: promise)
    }

    /// A client that does not read lets the responses pile up, until there is no room for more.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { end() } else { begin(context) }
        context.fireChannelWritabilityChanged()
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
