import Bristlecone
import Console
import Glibc
import Hummingbird
import IPv8
import Logging
import Platform
import SystemPackage
import TestSupport
import Testing

@testable import HTTPAPI

/// Answers every request in the same way.
struct StubResponder: HTTPResponder {
    typealias Context = APIRequestContext

    let answer: @Sendable (Request) async throws -> Response

    func respond(to request: Request, context: Context) async throws -> Response { try await answer(request) }
}

/// A server on the control socket of a folder, without a node behind it.
struct ServedFolder {
    let folder: TemporaryFolder
    let counters = HTTPCounters()
    var limits = ServerLimits(connectionsMax: 64)
    var lookEvery: Duration = .seconds(1)

    init() throws { folder = try TemporaryFolder() }

    func server(_ answer: @escaping @Sendable (Request) async throws -> Response) -> ConnectionServer {
        ConnectionServer(
            StubResponder(answer: answer), gate: Gate(Admission()), counters: counters, limits: limits,
            logger: Logger(label: "test"))
    }

    /// Serves while the body runs, and returns once the server has ended.
    func serving(
        in path: String? = nil, _ answer: @escaping @Sendable (Request) async throws -> Response,
        note: @escaping @Sendable (String) -> Void = { _ in }, _ body: @Sendable (String) async throws -> Void
    ) async throws {
        let path = path ?? folder.path
        let server = server(answer)
        let socket = try ControlSocket.bind(inDataFolder: path, server, lookEvery: lookEvery)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await socket.serve(note: note) }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(path))
            } catch {
                result = .failure(error)
            }
            tasks.cancelAll()
            try await tasks.waitForAll()
            await server.end()
            try result.get()
        }
    }

    /// Runs what blocks on a thread that nobody else needs.
    static func blocking<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        let worker = SerialWorker("client")
        let result = await worker.run { Result { try body() } }
        await worker.stop()
        return try #require(result).get()
    }

    /// Sends bytes over a new connection and reads until the server closes it.
    ///
    /// - Parameter ends: whether the server is told that nothing more comes.
    static func exchange(_ text: String, in path: String, ends: Bool = true) async throws -> String {
        try await blocking {
            let socketPath = try ControlSocketPath(in: path)
            let type = Int32(SOCK_STREAM.rawValue)
            let file = OpenFile(owning: try Errno.check { socket(AF_UNIX, type, 0) })
            let descriptor = file.descriptor
            try Errno.check { socketPath.withSocketAddress { connect(descriptor, $0, $1) } }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                // A server that has heard enough closes.
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            if ends { shutdown(descriptor, Int32(SHUT_WR)) }
            var answer: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
                answer += chunk.prefix(count)
            }
        }
    }
}
