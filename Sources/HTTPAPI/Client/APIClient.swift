internal import Bristlecone
internal import Console
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1
internal import NIOPosix
internal import Platform
internal import SystemPackage

/// Talks to the node that is running in a data folder, over the socket that is there. Each request has a connection of its
/// own.
package struct APIClient: Sendable {
    let dataFolder: String

    /// No response is longer: a status with all contacts of a full table has a few hundred kilobytes.
    static let responseBytesMax = 64 << 20

    package init(dataFolder: String) { self.dataFolder = dataFolder }

    /// Has the node do something, and waits for the answer.
    ///
    /// - Parameter patience: how long at most; the operation's own patience by default.
    package func call<Parameters, Body, Answer>(
        _ operation: Operation<Parameters, Body, Answer>, _ parameters: Parameters, _ body: Body,
        patience: Duration? = nil
    ) async throws -> Answer {
        let facts = operation.facts
        let request = try HTTPRequest(
            method: facts.method, scheme: "http", authority: "node", path: facts.target(with: parameters),
            headerFields: [.contentType: "application/json", .connection: "close"])
        let bytes = Body.self == Nothing.self ? [] : try JSONText.bytes(body)
        let (response, answer) = try await exchange(request, bytes, patience ?? facts.patience, for: facts.access)
        guard response.status == .ok else { throw failure(answer) }
        guard let answer = try? JSONText.decode(Answer.self, from: answer) else {
            throw ControlSocketError.unknownReply(dataFolder: dataFolder)
        }
        return answer
    }

    func failure(_ body: [UInt8]) -> any Error {
        guard let problem = try? JSONText.decode(Problem.self, from: body) else {
            return ControlSocketError.unknownReply(dataFolder: dataFolder)
        }
        return NodeError(NodeError.Code(rawValue: problem.code), String(problem.detail.prefix(APIClient.sentenceMax)))
    }

    /// No node needs more for a sentence, and a longer one must not fill a terminal.
    private static let sentenceMax = 2000

    typealias Connection = NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>

    /// Sends a request and collects the response.
    private func exchange(
        _ request: HTTPRequest, _ body: [UInt8], _ patience: Duration, for access: Access
    ) async throws -> (HTTPResponse, [UInt8]) {
        let connection = try await open(patience, for: access)
        let timer = connection.channel.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            connection.channel.pipeline.fireErrorCaught(
                ControlSocketError.noAnswer(dataFolder: dataFolder, after: patience))
            connection.channel.close(promise: nil)
        }
        defer { timer.cancel() }
        var answer: (HTTPResponse, [UInt8])?
        do {
            try await connection.executeThenClose { inbound, outbound in
                await outbound.send(request, body)
                var head: HTTPResponse?
                var bytes: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let response): head = response
                    case .body(let buffer):
                        bytes += buffer.readableBytesView
                        guard bytes.count <= APIClient.responseBytesMax else {
                            throw ControlSocketError.unknownReply(dataFolder: dataFolder)
                        }
                    case .end:
                        guard let head else { throw ControlSocketError.unknownReply(dataFolder: dataFolder) }
                        return answer = (head, bytes)
                    }
                }
            }
        } catch  where answer != nil {
            // The connection could not be closed in order, and nothing more was wanted of it.
        } catch let error as ControlSocketError {
            throw error
        } catch is HTTPParserError {
            throw ControlSocketError.unknownReply(dataFolder: dataFolder)
        } catch {
            throw ControlSocketError.stopped(dataFolder: dataFolder)
        }
        guard let answer else { throw ControlSocketError.stopped(dataFolder: dataFolder) }
        return answer
    }

    func open(_ patience: Duration, for access: Access) async throws -> Connection {
        let descriptor = try connect(patience, for: access)
        return try await ClientBootstrap(group: APIClient.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPClientCodec())
                }
            }
            .withConnectedSocket(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
    }

    /// One thread is enough, and starts faster than one for each processor core.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// A connected socket. Waits where too many wait already: a node that does nothing any more takes no one in.
    private func connect(_ patience: Duration, for access: Access) throws(ControlSocketError) -> Int32 {
        var descriptor: Int32 = -1
        do {
            let path = try ControlSocketPath(in: dataFolder)
            // A link would lead to a socket of somebody else's choice.
            let kind = try path.folder.status(of: ControlSocketPath.name)?.kind
            guard kind == nil || kind == S_IFSOCK else { throw ControlSocketError.notASocket(dataFolder: dataFolder) }
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            descriptor = try Errno.check { socket(AF_UNIX, type, 0) }
            let opened = descriptor
            var time = timeval(tv_sec: Int(max(1, patience.components.seconds)), tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            try Errno.check { setsockopt(opened, SOL_SOCKET, SO_SNDTIMEO, &time, size) }
            try Errno.check { path.withSocketAddress { Glibc.connect(opened, $0, $1) } }
            let user = try PeerUser.of(opened)
            guard PeerUser.isTrusted(user, in: path.folder, for: access) else {
                throw ControlSocketError.foreignNode(dataFolder: dataFolder, user: FileStatus.userName(user))
            }
            return opened
        } catch {
            if descriptor >= 0 { close(descriptor) }
            if let error = error as? ControlSocketError { throw error }
            let refusal = error as? Errno
            if refusal == .permissionDenied || refusal == .notPermitted { throw .notPermitted(dataFolder: dataFolder) }
            if refusal == .resourceTemporarilyUnavailable { throw .noAnswer(dataFolder: dataFolder, after: patience) }
            throw DataFolder.isInUse(dataFolder)
                ? .notListening(dataFolder: dataFolder) : .notRunning(dataFolder: dataFolder)
        }
    }
}

extension NIOAsyncChannelOutboundWriter<HTTPRequestPart> {
    /// Sends a whole request. A node may answer and close the connection before it has read all of it, and then the
    /// answer says more than a failure to send the rest.
    func send(_ request: HTTPRequest, _ body: [UInt8] = []) async {
        let body = body.isEmpty ? [] : [HTTPRequestPart.body(ByteBuffer(bytes: body))]
        try? await write(contentsOf: [.head(request)] + body + [.end(nil)])
    }
}

extension OperationFacts {
    /// The path and query of a request with these parameters.
    func target(with parameters: some Encodable) throws -> String {
        var path = path
        var query: [Substring] = []
        for part in try URLEncodedFormEncoder().encode(parameters).split(separator: "&") {
            guard let mark = part.firstIndex(of: "=") else { continue }
            let placeholder = "{\(part[..<mark])}"
            if path.contains(placeholder) {
                path = path.replacing(placeholder, with: part[part.index(after: mark)...])
            } else {
                query.append(part)
            }
        }
        return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
    }
}
