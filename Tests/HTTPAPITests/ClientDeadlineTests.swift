import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Synchronization
import Testing

@testable import HTTPAPI

@Suite struct ClientDeadlineTests {
    private final class Count: Sendable {
        private let number = Mutex(0)
        var value: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private let closed = Count()

    init() throws {
        channel = EmbeddedChannel(
            handler: ClientDeadline(.seconds(30)) { [closed] in closed.add() }, loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func ask() throws {
        let request = HTTPRequest(method: .get, scheme: "http", authority: "node", path: "/")
        try channel.writeInbound(HTTPRequestPart.head(request))
        try channel.writeInbound(HTTPRequestPart.end(nil))
    }

    private func setWritable(_ isWritable: Bool) {
        channel.isWritable = isWritable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    private func wait(_ seconds: Int64) -> Bool {
        loop.advanceTime(by: .seconds(seconds))
        return closed.value == 0
    }

    @Test func timeRunsWhileTheClientIsWaitedForAndNotWhileItWaits() throws {
        #expect(wait(29))
        try ask()
        #expect(wait(300))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(wait(29))
        #expect(!wait(2))
    }

    /// A large response fills what a connection buffers, with its end too, and the buffer is empty again afterwards.
    @Test func timeRunsAfterALargeResponseToo() throws {
        try ask()
        setWritable(false)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        setWritable(true)
        #expect(wait(29))
        #expect(!wait(2))
    }

    @Test func clientThatDoesNotReadIsCutOffInTheMiddleOfAResponse() throws {
        try ask()
        setWritable(false)
        #expect(wait(29))
        setWritable(true)
        #expect(wait(300))
        setWritable(false)
        #expect(!wait(31))
    }

    /// The responses to refused requests come before these have come in whole.
    @Test func timeRunsAfterAResponseThatCameEarly() throws {
        let request = HTTPRequest(method: .post, scheme: "http", authority: "node", path: "/")
        try channel.writeInbound(HTTPRequestPart.head(request))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        #expect(!wait(31))
    }
}
