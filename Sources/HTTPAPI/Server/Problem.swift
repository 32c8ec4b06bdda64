internal import Bristlecone
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP1

/// A failure as HTTP tells it: problem details (RFC 9457) with the library's code.
package struct Problem: Error, Codable, Sendable, Equatable {
    /// `urn:bristlecone:error:` and the code.
    package var type: String
    package var title: String
    package var status: Int
    /// One sentence for a person: what went wrong, and what to do.
    package var detail: String
    /// What went wrong, to switch over.
    package var code: String
    /// Where the answer would begin that is not available any more.
    package var firstAvailable: UInt64?

    init(_ status: Int, _ code: String, _ detail: String) {
        type = "urn:bristlecone:error:\(code)"
        title = code.split(separator: "_").joined(separator: " ").capitalizedFirst
        self.status = status
        self.detail = detail
        self.code = code
    }

    init(_ error: NodeError) { self.init(Problem.status(of: error.code), error.code.rawValue, error.message) }

    /// Any error that a request ends in.
    init(any error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as NodeError: self.init(error)
        case let rejection as Rejection: self = rejection.problem
        case is HTTPParserError, is ChannelError: self = .malformed
        case let error as HTTPError:
            self.init(error.status.code, "invalid_request", error.body ?? error.status.reasonPhrase)
        case is CancellationError: self.init(503, "cancelled", "The node is stopping.")
        default: self.init(500, "internal_error", "The node could not answer this; its log says more.")
        }
    }

    static let notFound = Problem(
        404, "not_found", "There is nothing at this path; /api/v1/openapi.json lists what there is.")

    static let malformed = Problem(400, "malformed", "The request ended before it was whole, or is not HTTP.")

    static let tooLarge = Problem(
        413, "too_large", "The body of the request is longer than \(ServerLimits.bodyBytesMax) bytes.")

    private static func status(of code: NodeError.Code) -> Int {
        switch code {
        case .invalidArgument, .valueTooLong, .unreachable, .dumpUnusable: 400
        case .notPermitted: 403
        case .notFound: 404
        case .changesUnavailable: 410
        case .superseded, .versionsExhausted, .blocked, .configurationWrong, .incrementRefused: 409
        case .notRunning, .cancelled, .busy: 503
        case .nobodyAnswered: 504
        case .archiveFull, .diskFull: 507
        default: 500
        }
    }

    /// The response that tells it.
    var response: Response {
        let bytes = (try? JSONText.bytes(self)) ?? []
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
