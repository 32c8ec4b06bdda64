internal import Bristlecone
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import IPv8
internal import Logging
internal import NIOCore

/// What a handler knows about a request besides the request itself.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let caller: Caller
    var entrance: Entrance { caller.entrance }

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        caller = source.caller
    }

    struct Source: RequestContextSource {
        let logger: Logger
        let caller: Caller
    }
}

/// All that the server answers.
struct Routes {
    let api: NodeAPI
    private let router = Router(context: APIRequestContext.self, options: .autoGenerateHeadEndpoints)

    typealias Handler = @Sendable (NodeAPI, Request, APIRequestContext) async throws -> Response

    static func responder(for api: NodeAPI) -> some HTTPResponder<APIRequestContext> {
        let routes = Routes(api: api)
        routes.router.add(middleware: PyIPv8Middleware(api))
        for operation in Operations.all { routes.add(operation) }
        ChangeStream.add(to: routes)
        ExportStream.add(to: routes)
        routes.addObserving()
        routes.addDescription()
        routes.addStatusPage()
        routes.refuseOtherMethods()
        return routes.router.buildResponder()
    }

    /// Adds what is answered at a path to who may ask for it.
    func add(_ method: HTTPRequest.Method, _ path: String, access: Access = .read, _ handler: @escaping Handler) {
        router.on(RouterPath(path), method: method) { [api] request, context in
            try api.admission.admit(request, through: context.entrance, to: access)
            guard request.uri.string.isPercentEncodedText else {
                throw NodeError(
                    .invalidArgument,
                    "The address of the request is no text: after each % there are two hexadecimal digits of a byte in UTF-8."
                )
            }
            return try await handler(api, request, context)
        }
        methods.add(method, path)
    }

    private func add(_ operation: any AnyOperation) {
        let facts = operation.facts
        add(facts.method, facts.path, access: facts.access) { api, request, context in
            let query = try request.query(with: context.parameters)
            let caller = context.caller
            guard request.wantsJSONLines else {
                var response = Response.json(try await operation.answer(api, request, query, caller, .unheard))
                // Whoever waits long is watched for going away, and that ends the connection.
                if facts.isLong { response.headers[.connection] = "close" }
                return response
            }
            return JSONLines.response { progress in
                try await operation.answer(api, request, query, caller, progress)
            }
        }
    }

    private func addDescription() {
        add(.get, "/api/v1/openapi.json") { _, _, _ in .json(Array(try OpenAPI.document().text.utf8)) }
    }

    private let methods = Methods()

    /// A path that exists, but not for this method, is answered with 405 and the methods that there are.
    private func refuseOtherMethods() {
        for (path, known) in methods.byPath {
            let allowed = known + (known.contains(.get) ? [.head] : [])
            let allow = allowed.map(\.rawValue).joined(separator: ", ")
            for method in Methods.all where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ in
                    var response = Problem(405, "method_not_allowed", "This path answers \(allow).").response
                    response.headers[.allow] = allow
                    return response
                }
            }
        }
    }
}

/// The methods of each path that has been added.
private final class Methods {
    static let all: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, HTTPRequest.Method("QUERY") ?? .get,
    ]
    private(set) var byPath: [String: [HTTPRequest.Method]] = [:]

    func add(_ method: HTTPRequest.Method, _ path: String) { byPath[path, default: []].append(method) }
}

extension AnyOperation {
    /// Does what a request asks for. If that takes long and the client goes away, it is cancelled.
    fileprivate func answer(
        _ api: NodeAPI, _ request: Request, _ query: String, _ caller: Caller, _ progress: Progress
    ) async throws -> [UInt8] {
        guard facts.isLong else {
            let body = facts.method == .get ? [] : try await request.body.bytes()
            return try await answer(api, ReceivedRequest(query: query, body: .whole(body)), caller, progress)
        }
        return try await request.body.consumeWithCancellationOnInboundClose { body in
            let received: ReceivedRequest.Body = facts.streamsBody ? .stream(body) : .whole(try await body.bytes())
            return try await answer(api, ReceivedRequest(query: query, body: received), caller, progress)
        }
    }
}

extension RequestBody {
    /// The whole body, unless it is too long.
    func bytes() async throws -> [UInt8] {
        do {
            return Array(buffer: try await collect(upTo: ServerLimits.bodyBytesMax))
        } catch is NIOTooManyBytesError {
            // The router would answer this one itself, without a word.
            throw Problem.tooLarge
        }
    }
}

extension Request {
    /// Whether the client would have progress told, one JSON object a line.
    var wantsJSONLines: Bool {
        headers[.accept].map { $0.contains("application/jsonl") || $0.contains("application/x-ndjson") } ?? false
    }

    /// The placeholders of the path and the query, as one query.
    func query(with parameters: Parameters) throws(NodeError) -> String {
        let names = Set(parameters.map { String($0.key) })
        for part in (uri.query ?? "").split(separator: "&") {
            let name = part.prefix { $0 != "=" }
            guard !names.contains(String(name)) else {
                throw NodeError(.invalidArgument, "\(name) is a part of the path, and cannot be in the query too.")
            }
        }
        // In a path these three mean nothing, in a query they do.
        let placeholders = parameters.map { placeholder in
            let value = placeholder.value.replacing("&", with: "%26").replacing("+", with: "%2B")
            return "\(placeholder.key)=\(value.replacing("=", with: "%3D"))"
        }
        return (placeholders + [uri.query].compactMap { $0 }).joined(separator: "&")
    }
}

extension Response {
    static func json(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// A response of one JSON object a line: progress, and the answer or the problem last.
enum JSONLines {
    /// How many lines of progress wait for a slow client before the oldest is dropped.
    private static let waitingMax = 16

    private struct ProgressLine: Encodable {
        let progress: ProgressReport
    }

    private struct ProblemLine: Encodable {
        let problem: Problem
    }

    static func response(
        _ answer: @escaping @Sendable (Progress) async throws -> [UInt8]
    ) -> Response {
        let body = ResponseBody { writer in
            let (reports, continuation) = AsyncStream.makeStream(
                of: ProgressReport.self, bufferingPolicy: .bufferingNewest(waitingMax))
            async let last: [UInt8] = {
                defer { continuation.finish() }
                do {
                    let bytes = try await answer(Progress { continuation.yield($0) })
                    return Array(#"{"result":"#.utf8) + bytes + Array("}".utf8)
                } catch {
                    return try JSONText.bytes(ProblemLine(problem: Problem(any: error)))
                }
            }()
            for await report in reports {
                try await writer.write(ByteBuffer(bytes: try JSONText.bytes(ProgressLine(progress: report)) + [0x0A]))
            }
            try await writer.write(ByteBuffer(bytes: try await last + [0x0A]))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/jsonl"], body: body)
    }
}

extension String {
    /// Whether all percent signs are followed by two hexadecimal digits, and the bytes that these stand for make text.
    ///
    /// Otherwise different addresses would be read as the same text, and a value stored under one would replace that of another.
    fileprivate var isPercentEncodedText: Bool {
        guard contains("%") else { return true }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let encoded = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self))?.first
            else {
                return false
            }
            bytes.append(encoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self) != nil
    }
}
