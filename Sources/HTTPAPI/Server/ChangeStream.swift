internal import Bristlecone
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import IPv8
internal import NIOCore

/// The changes of the archive as they happen: server-sent events, or JSON Lines for who asks for these.
///
/// At least once, in order. The server keeps nothing for a client: the client remembers the number of the last change that it
/// has, and goes on after it.
struct ChangeStream {
    private let node: BristleconeNode
    private let form: Form
    private let heartbeatEvery: Duration

    /// How the changes are written.
    private enum Form {
        case events
        case lines
    }

    static let path = "/api/v1/changes"
    private static let changesPerPage = 256

    static func add(to routes: Routes, heartbeatEvery: Duration = .seconds(15)) {
        routes.add(.get, path) { api, request, _ in
            let stream = ChangeStream(
                node: api.node, form: request.wantsJSONLines ? .lines : .events, heartbeatEvery: heartbeatEvery)
            return try await stream.response(to: request)
        }
    }

    private func response(to request: Request) async throws -> Response {
        let (after, time) = try await start(of: request)
        // Refused before anything is sent, while there can still be a status.
        if case .failure(let error) = await changes(after: after, madeAt: time, limit: 1) {
            var problem = Problem(error)
            if error.code == .changesUnavailable {
                problem.firstAvailable = try await node.changeNumbers().firstAvailable
            }
            throw problem
        }
        let type = form == .events ? "text/event-stream" : "application/jsonl"
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-store", .xAccelBuffering: "no"],
            body: ResponseBody(asyncSequence: Chunks(stream: self, last: after)))
    }

    /// The last change that the client has: what a browser says when it comes back, or what the query says, or the last one
    /// there is. When it was made is known only from the query.
    private func start(of request: Request) async throws -> (after: UInt64, madeAt: Instant?) {
        var after: UInt64?
        var time: Instant?
        for (name, value) in request.uri.queryParameters {
            if name == "after", let number = UInt64(value) {
                after = number
            } else if name == "at", let instant = Instant(rfc3339: String(value)) {
                time = instant
            } else {
                throw NodeError(
                    .invalidArgument,
                    "\(quoted("\(name)=\(value)")) is no parameter; there are after, the number of a change, and at, its time."
                )
            }
        }
        guard time == nil || after != nil else {
            throw NodeError(.invalidArgument, "at is the time of the change that after names, and after is missing.")
        }
        if let last = request.headers[.lastEventID] {
            guard let number = UInt64(last) else {
                throw NodeError(.invalidArgument, "Last-Event-ID is \(quoted(last)), which is no number of a change.")
            }
            (after, time) = (number, nil)
        }
        if let after { return (after, time) }
        return (try await node.changeNumbers().last, nil)
    }

    private func changes(
        after number: UInt64, madeAt time: Instant? = nil, limit: Int
    ) async -> Result<NodeChanges, NodeError> {
        do throws(NodeError) {
            return .success(try await node.changes(after: number, madeAt: time, limit: limit))
        } catch {
            return .failure(error)
        }
    }

    /// Waits for a change; `false` if it is time for a sign of life.
    private func changeCame(after last: UInt64) async -> Bool {
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask { (try? await node.waitForChange(after: last)) != nil }
            tasks.addTask {
                try? await Task.sleep(for: heartbeatEvery)
                return false
            }
            defer { tasks.cancelAll() }
            return await tasks.next() ?? false
        }
    }

    private func line(_ json: String, id: UInt64) -> String {
        form == .events ? "id: \(id)\ndata: \(json)\n\n" : "\(json)\n"
    }

    private func heartbeat(_ last: UInt64) -> String {
        form == .events ? ": heartbeat\n\n" : #"{"change":\#(last),"op":"heartbeat"}"# + "\n"
    }

    /// The last line for a client that is too far behind: it has to begin anew with a whole copy.
    private func reset(_ first: UInt64) -> String {
        let json = #"{"first_available":\#(first),"op":"reset"}"#
        return form == .events ? "event: reset\ndata: \(json)\n\n" : "\(json)\n"
    }
}

extension ChangeStream {
    /// What the OpenAPI description says of it, which cannot describe the events of a stream.
    static let description: JSON = [
        "operationId": "changes",
        "summary": "The changes of the archive as they happen, as server-sent events or JSON Lines.",
        "parameters": [
            [
                "name": "after", "in": "query", "required": false,
                "description": "The number of the last change that is known; the last one there is by default.",
                "schema": ["type": "integer", "minimum": 0, "maximum": .integer(.max)],
            ],
            [
                "name": "at", "in": "query", "required": false,
                "description": "When that change was made, as its line says: then a restore since is noticed.",
                "schema": ["type": "string", "format": "date-time"],
            ],
            [
                "name": "Last-Event-ID", "in": "header", "required": false,
                "description": "Goes before after; browsers send it when they connect again.",
                "schema": ["type": "integer", "minimum": 0, "maximum": .integer(.max)],
            ],
        ],
        "responses": [
            "200": [
                "description": "A stream without end.",
                "content": [
                    "text/event-stream": ["schema": ["type": "string"]],
                    "application/jsonl": ["schema": ["type": "string"]],
                ],
            ],
            "default": [
                "description": "With status 410, the first changes are gone; begin anew after first_available.",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
        "security": [.object([:]), ["key": []], ["bearer": []]],
    ]
}

extension ChangeStream {
    /// The body of the response, made as the client reads it.
    private struct Chunks: AsyncSequence, AsyncIteratorProtocol {
        let stream: ChangeStream
        /// The number of the last change that is in a chunk.
        var last: UInt64
        private var hasBegun = false
        private var isOver = false

        init(stream: ChangeStream, last: UInt64) {
            self.stream = stream
            self.last = last
        }

        func makeAsyncIterator() -> Chunks { self }

        mutating func next() async throws -> ByteBuffer? {
            guard hasBegun else {
                // A client sees at once that it is heard.
                hasBegun = true
                return ByteBuffer(string: stream.heartbeat(last))
            }
            while !isOver, !Task.isCancelled {
                switch await stream.changes(after: last, limit: ChangeStream.changesPerPage) {
                case .success(let page):
                    guard page.changes.isEmpty else { return chunk(page.changes) }
                    guard await stream.changeCame(after: last) else {
                        return ByteBuffer(string: stream.heartbeat(last))
                    }
                case .failure(let error):
                    isOver = true
                    guard error.code == .changesUnavailable else { return nil }
                    return ByteBuffer(string: stream.reset(try await stream.node.changeNumbers().firstAvailable))
                }
            }
            return nil
        }

        private mutating func chunk(_ changes: [NodeChange]) -> ByteBuffer {
            var buffer = ByteBuffer()
            for change in changes {
                buffer.writeString(stream.line(change.json, id: change.number))
                last = change.number
            }
            return buffer
        }
    }
}

extension HTTPField.Name {
    fileprivate static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .ifMatch
    /// Has a reverse proxy pass on each event at once.
    fileprivate static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .cacheControl
}
