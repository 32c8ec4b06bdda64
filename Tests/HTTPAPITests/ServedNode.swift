import Bristlecone
import Console
import Glibc
import HTTPTypes
import IPv8
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import HTTPAPI

/// A node with its API on the control socket and on TCP.
struct ServedNode {
    let folder: TemporaryFolder
    let node: BristleconeNode
    let client: APIClient
    let address: Address
    let key: String

    /// Serves while the body runs.
    static func run(
        _ change: (inout NodeSettings) throws -> Void = { _ in },
        rereading reread: @escaping @Sendable (NodeSettings) throws(ConfigurationError) -> EffectiveConfiguration = {
            EffectiveConfiguration($0)
        }, logger: Logger = Logger(label: "test"), _ body: (ServedNode) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var settings = NodeSettings()
        settings.dataFolder = folder.file("data")
        settings.listen = [try #require(Address("127.0.0.1:0"))]
        settings.bootstrap = false
        settings.http.listen = [try #require(Address("127.0.0.1:0"))]
        try change(&settings)
        let node = try await BristleconeNode.start(settings)
        let configuration = RunningConfiguration(EffectiveConfiguration(settings)) {
            [settings] () throws(ConfigurationError) in
            try reread(settings)
        }
        configuration.onChange { node.apply($0) }
        let service = try await APIService.bind(node: node, configuration: configuration, logger: logger)
        let running = Task { try await service.run() }
        let result: Result<Void, any Error>
        do {
            let served = ServedNode(
                folder: folder, node: node, client: APIClient(dataFolder: settings.dataFolder),
                address: try #require(service.addresses.first),
                key: try #require(try APIKey.load(fromDataFolder: settings.dataFolder)).text)
            result = .success(try await body(served))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        _ = await running.result
        await node.shutdown()
        try result.get()
    }

    /// The status and the body of what a request over TCP is answered with.
    func ask(
        _ method: HTTPRequest.Method = .get, _ path: String, _ headers: HTTPFields = [:], host: String? = nil,
        body: String = ""
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: Int(address.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPClientCodec())
                    return try NIOAsyncChannel<HTTPResponsePart, HTTPRequestPart>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            let authority = host ?? "\(address)"
            var fields = headers
            fields[.contentLength] = body.isEmpty ? nil : "\(body.utf8.count)"
            let head = HTTPRequest(
                method: method, scheme: "http", authority: authority, path: path, headerFields: fields)
            try await outbound.write(.head(head))
            if !body.isEmpty { try await outbound.write(.body(ByteBuffer(string: body))) }
            try await outbound.write(.end(nil))
            var answer: (status: Int, headers: HTTPFields, body: String) = (0, [:], "")
            for try await part in inbound {
                switch part {
                case .head(let response):
                    (answer.status, answer.headers) = (response.status.code, response.headerFields)
                case .body(let buffer): answer.body += String(buffer: buffer)
                case .end: return answer
                }
            }
            return answer
        }
    }
}
