internal import Bristlecone
internal import Console
internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore

/// A request as an operation sees it.
struct ReceivedRequest: Sendable {
    /// The placeholders of the path and the members of the query, as a query.
    let query: String
    let body: Body

    enum Body: Sendable {
        case whole([UInt8])
        case stream(RequestBody)
    }
}

/// The body of a request, in parts as they arrive, of any length.
///
/// Make one before anything can fail. Once it is gone, the server discards the rest of the body; without one, the server
/// would go on waiting for somebody to read it.
final class StreamedBody {
    private var iterator: RequestBody.AsyncIterator

    init(_ body: RequestBody) { iterator = body.makeAsyncIterator() }

    /// The next bytes; `nil` at the end.
    func next() async throws -> ByteBuffer? { try await iterator.next() }
}

extension Operation: AnyOperation {
    var schemas: OperationSchemas {
        get throws {
            OperationSchemas(
                parameters: try Schema.of(Parameters.self), body: try Schema.of(Body.self),
                answer: try Schema.of(Answer.self), isBodyless: Body.self == Nothing.self)
        }
    }

    func answer(
        _ api: NodeAPI, _ request: ReceivedRequest, _ caller: Caller, _ progress: Progress
    ) async throws -> [UInt8] {
        switch (perform, request.body) {
        case (.json(let perform), .whole(let bytes)):
            let parameters = try Self.parameters(of: request)
            let body = try Self.body(in: bytes)
            return try await audit(api, parameters, body, caller) {
                try await perform(api, parameters, body, progress)
            }
        case (.stream(let perform), .stream(let stream)):
            let stream = StreamedBody(stream)
            let parameters = try Self.parameters(of: request)
            return try await audit(api, parameters, try Self.body(in: []), caller) {
                try await perform(api, parameters, stream, progress)
            }
        case (.json, .stream), (.stream, .whole):
            preconditionFailure("The routes read the body as the operation says.")
        }
    }

    /// Does what the log is to tell of, if of anything, and says how it went.
    private func audit(
        _ api: NodeAPI, _ parameters: Parameters, _ body: Body, _ caller: Caller, _ perform: () async throws -> Answer
    ) async throws -> [UInt8] {
        let answer: Answer
        do {
            answer = try await perform()
        } catch {
            if audited != nil {
                api.audit(facts.name, failure: error, by: caller)
            }
            throw error
        }
        if let audited { api.audit(facts.name, audited(parameters, body, answer), by: caller) }
        return try JSONText.bytes(answer)
    }

    private static func parameters(of request: ReceivedRequest) throws(NodeError) -> Parameters {
        do {
            let schema = try Schema.of(Parameters.self)
            let known = schema.memberNames
            for part in request.query.split(separator: "&") {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                let name = pair.first ?? ""
                if pair.count == 2, let wanted = schema.member(name)?.wanted(insteadOf: pair[1]) {
                    throw NodeError(.invalidArgument, "\(name) is \(quoted(pair[1])); give \(wanted).")
                }
                guard known.contains(name) else {
                    throw NodeError(
                        .invalidArgument,
                        "There is no parameter \(quoted(name)). "
                            + (known.isEmpty
                                ? "This operation has none." : "There are: \(known.joined(separator: ", "))."))
                }
            }
            return try URLEncodedFormDecoder().decode(Parameters.self, from: request.query)
        } catch let error as DecodingError {
            let what = error.sentence(in: try? Schema.of(Parameters.self))
            throw NodeError(.invalidArgument, "A parameter is wrong: \(what)")
        } catch let error as NodeError {
            throw error
        } catch {
            throw NodeError(.invalidArgument, "The query is not of the form name=value&name=value.")
        }
    }

    private static func body(in bytes: [UInt8]) throws(NodeError) -> Body {
        if let nothing = Nothing() as? Body { return nothing }
        guard !bytes.isEmpty else {
            throw NodeError(.invalidArgument, "This operation needs a JSON object in the body of the request.")
        }
        do {
            return try JSONText.decode(Body.self, from: bytes)
        } catch let error as DecodingError {
            let what = error.sentence(in: try? Schema.of(Body.self))
            throw NodeError(.invalidArgument, "The body of the request is wrong: \(what)")
        } catch let error as NodeError {
            throw error
        } catch {
            throw NodeError(.invalidArgument, "The body of the request is not JSON.")
        }
    }
}

extension DecodingError {
    /// What is wrong with JSON or a query, in a sentence that names the member.
    ///
    /// - Parameter schema: of what was to be read.
    func sentence(in schema: Schema?) -> String {
        switch self {
        case .keyNotFound(let key, _): "\(DecodingError.snakeCase(key.stringValue)) is missing."
        case .valueNotFound(_, let context): "\(DecodingError.place(context)) has no value."
        case .typeMismatch(_, let context): "\(DecodingError.place(context)) is of the wrong type."
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "it cannot be read."
        case .dataCorrupted(let context):
            "\(DecodingError.place(context)): "
                + (schema?.choices(at: context.codingPath).map { "it can be \($0.joined(separator: ", "))." }
                    ?? context.debugDescription)
        @unknown default: "it cannot be read."
        }
    }

    private static func place(_ context: Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "item \($0)" } ?? snakeCase($0.stringValue) }
        return path.isEmpty ? "it" : path.joined(separator: " of ")
    }

    private static func snakeCase(_ name: String) -> String { name.inSnakeCase }
}

extension String {
    /// The name as JSON has it: `nodeId` becomes `node_id`.
    var inSnakeCase: String {
        var words: [Substring] = []
        var start = startIndex
        for index in indices.dropFirst() where self[index].isUppercase {
            words.append(self[start..<index])
            start = index
        }
        words.append(self[start...])
        return words.map { $0.lowercased() }.joined(separator: "_")
    }
}
