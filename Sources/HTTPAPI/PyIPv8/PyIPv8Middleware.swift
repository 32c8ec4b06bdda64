internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// Answers requests for py-ipv8's paths, and lets all others through to the routes.
struct PyIPv8Middleware: RouterMiddleware {
    typealias Context = APIRequestContext

    private let api: NodeAPI
    private let paths: PyIPv8

    init(_ api: NodeAPI) {
        self.api = api
        paths = PyIPv8(node: api.node)
    }

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        guard PyIPv8.owns(path: request.uri.path) else { return try await next(request, context) }
        let access = PyIPv8.access(method: request.method.rawValue, path: request.uri.path)
        do throws(Rejection) {
            try api.admission.admit(request.showingQueriedKey, through: context.entrance, to: access)
        } catch {
            api.counters.refused(error.counted)
            return PyIPv8Failure.unauthorized.answer.response
        }
        guard PyIPv8.isLong(path: request.uri.path) else { return await answer(request, request.body) }
        // Whoever waits long is watched for going away, and that ends the connection.
        var response = try await request.body.consumeWithCancellationOnInboundClose { body in
            await answer(request, body)
        }
        response.headers[.connection] = "close"
        return response
    }

    private func answer(_ request: Request, _ body: RequestBody) async -> Response {
        let query = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        let received = PyIPv8Request(
            method: request.method.rawValue, path: request.uri.path, query: Dictionary(query) { first, _ in first }
        ) { () async throws(PyIPv8Failure) in
            do {
                return Array(buffer: try await body.collect(upTo: PyIPv8.bodyBytesMax))
            } catch is NIOTooManyBytesError {
                api.counters.refused(.tooLarge)
                throw .tooLarge
            } catch {
                throw .thrown("ClientPayloadError", "Response payload is not completed")
            }
        }
        return await paths.answer(to: received).response
    }
}

extension Request {
    /// The key may also be in the query if there is none in the header, as in the reference.
    fileprivate var showingQueriedKey: Request {
        guard headers[.apiKey]?.isEmpty != false, let key = uri.queryParameters["apikey"] else { return self }
        var head = head
        head.headerFields[.apiKey] = String(key)
        return Request(head: head, body: body)
    }
}

extension PyIPv8Answer {
    fileprivate var response: Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let next, let link = HTTPField.Name("Link") { headers[link] = "<\(next)>; rel=\"next\"" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.text)))
    }
}
