internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTPTypes
internal import NIOPosix
internal import Synchronization

/// Answers the HTTP requests of all connections, wherever they were accepted.
final class ConnectionServer: Sendable {
    private let responder: any HTTPResponder<APIRequestContext>
    private let gate: Gate
    private let counters: HTTPCounters
    private let limits: ServerLimits
    private let logger: Logger
    private let dates = HTTPDates()
    private let connections = Mutex(Connections())

    private struct Connections {
        var tasks: [Int: Task<Void, Never>] = [:]
        var count = 0
        var isEnding = false
    }

    init(
        _ responder: any HTTPResponder<APIRequestContext>, gate: Gate, counters: HTTPCounters, limits: ServerLimits,
        logger: Logger
    ) {
        self.responder = responder
        self.gate = gate
        self.counters = counters
        self.limits = limits
        self.logger = logger
    }

    /// Makes a channel speak HTTP, and begins to serve it.
    ///
    /// - Parameter executor: what requests are answered on; `nil` is what all of the process share.
    func take(
        _ channel: any Channel, through kind: Entrance.Kind, on executor: (any TaskExecutor)? = nil
    ) -> EventLoopFuture<Void> {
        let isOneTooMany = !counters.open(kind, max: limits.connectionsMax)
        channel.closeFuture.whenComplete { [counters] _ in counters.close(kind) }
        if isOneTooMany {
            counters.refused(.tooManyConnections)
            // Whoever comes over TCP gets no sentence: it would keep the connection open.
            if kind == .tcp { return channel.close() }
        }
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ClientDeadline(TimeAmount(self.limits.patience)) { [counters = self.counters] in
                    counters.refused(.tooSlow)
                },
                ContinueSender(), MalformedCounter(self.counters),
            ], httpDecoderConfiguration: ServerLimits.head)
        let unanswering = HTTP1Channel(responder: { _, _, _ in }, configuration: configuration)
        return unanswering.setup(channel: channel, logger: logger).map { [self] value in
            begin(on: executor) {
                let caller = await Caller(at: channel, through: kind)
                let answering = HTTP1Channel(
                    responder: { [self] request, writer, _ in
                        try await answer(request, writer, caller, isOneTooMany: isOneTooMany)
                    }, configuration: configuration)
                await answering.handle(value: value, logger: self.logger)
            }
        }
    }

    /// Ends all connections; requests under way are cancelled.
    func end() async {
        let tasks = connections.withLock { connections in
            connections.isEnding = true
            return Array(connections.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func begin(on executor: (any TaskExecutor)?, _ serve: @escaping @Sendable () async -> Void) {
        connections.withLock { connections in
            connections.count += 1
            let number = connections.count
            let task = Task(executorPreference: executor) { [self] in
                await serve()
                _ = self.connections.withLock { $0.tasks.removeValue(forKey: number) }
            }
            if connections.isEnding { task.cancel() }
            connections.tasks[number] = task
        }
    }

    private func answer(
        _ request: Request, _ writer: consuming ResponseWriter, _ caller: Caller, isOneTooMany: Bool
    ) async throws {
        let admission = gate.admission
        var response = await response(to: request, caller, admission, isOneTooMany: isOneTooMany)
        response.headers[.date] = dates.now
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if let origin = request.headers[.origin], admission.allows(origin: origin) {
            response.headers[.accessControlAllowOrigin] = origin
            response.headers[.vary] = "Origin"
        }
        counters.answered(response.status.code)
        if request.method == .head {
            try await writer.writeResponse(response.head)
        } else {
            try await writer.write(response: response.head, body: response.body)
        }
    }

    private func response(
        to request: Request, _ caller: Caller, _ admission: Admission, isOneTooMany: Bool
    ) async -> Response {
        do {
            guard !isOneTooMany else {
                throw NodeError(.busy, "Too many programs are talking to the node at once.")
            }
            try admission.admit(request, through: caller.entrance)
            if let preflight = Preflight.response(to: request, admission) { return preflight }
            let context = APIRequestContext(source: .init(logger: logger, caller: caller))
            let response = try await responder.respond(to: request, context: context)
            // The router's own answer to a path that it does not know is empty.
            let isUnknown = response.status == .notFound && response.headers[.contentType] == nil
            return isUnknown ? Problem.notFound.response : response
        } catch {
            if let rejection = error as? Rejection { counters.refused(rejection.counted) }
            // A connection that breaks off cancels what its requests wait for, as the end of the node does.
            let isBrokenOff = error is CancellationError && !connections.withLock { $0.isEnding }
            let problem = isBrokenOff ? Problem.malformed : Problem(any: error)
            if problem == .tooLarge { counters.refused(.tooLarge) }
            if problem.code == "internal_error" {
                logger.error(
                    "A request could not be answered: \(request.method) \(SafeText.line(request.uri.path)): \(error)")
            }
            return problem.response
        }
    }
}

extension Entrance {
    /// What a connection was accepted on.
    enum Kind: String, Sendable, CaseIterable {
        case controlSocket = "control_socket"
        case tcp
    }
}

/// Answers a browser that asks beforehand what pages of another origin may do.
private enum Preflight {
    static func response(to request: Request, _ admission: Admission) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil,
            let origin = request.headers[.origin], admission.allows(origin: origin)
        else { return nil }
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, HEAD, POST, PUT, PATCH, DELETE",
                .accessControlAllowHeaders: "Authorization, Content-Type, X-Api-Key",
                .accessControlMaxAge: "600",
            ])
    }
}

/// Tells a client to go on that waits for that before it sends a body (`Expect: 100-continue`).
private final class ContinueSender: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Requests that have begun, without those that are answered whole.
    private var unansweredCount = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data) {
            unansweredCount += 1
            // It must not come into the response to an earlier request, for which no client waits that sends another.
            if unansweredCount == 1, request.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unansweredCount -= 1 }
        context.write(data, promise: promise)
    }
}

/// Counts requests that are not HTTP.
private final class MalformedCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let counters: HTTPCounters

    init(_ counters: HTTPCounters) { self.counters = counters }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !(error is IOError), !(error is ChannelError) { counters.refused(.malformed) }
        context.fireErrorCaught(error)
    }
}

/// The time for the header `Date`, which changes once a second.
private final class HTTPDates: Sendable {
    private let last = Mutex<(second: Int, text: String)>((0, ""))

    var now: String {
        let second = time(nil)
        return last.withLock { last in
            if last.second != second {
                last = (second, HTTPDates.text(second))
            }
            return last.text
        }
    }

    /// A time as HTTP writes it: `Tue, 03 Feb 2026 12:00:00 GMT`.
    private static func text(_ second: time_t) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        // The C locale's names are English, and this program sets no other.
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
