import Bristlecone
import Console
import Glibc
import Hummingbird
import IPv8
import Platform
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import HTTPAPI

/// Server and client over a real socket in a folder of its own.
@Suite struct ControlSocketTests {
    private var served: ServedFolder
    private let key = Target(hashing: "k")

    init() throws {
        served = try ServedFolder()
        report = try JSONText.decode(FindReport.self, from: ControlSocketTests.reportJSON(key))
    }

    private let report: FindReport

    private static func reportJSON(_ key: Target) -> [UInt8] {
        Array(
            """
            {"answered":1,"asked":2,"key":"\(key)","seconds":0.5,"values":[],"with_values":0}
            """.utf8)
    }

    private func answer() -> @Sendable (Request) async throws -> Response {
        let bytes = ControlSocketTests.reportJSON(key)
        return { _ in .json(bytes) }
    }

    private static func expect<Answer: Equatable>(
        _ answer: Answer, _ expected: Answer, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(answer == expected, sourceLocation: location)
    }

    private static func ask(
        _ key: Target, in path: String, patience: Duration = .seconds(60)
    ) async throws -> FindReport {
        try await APIClient(dataFolder: path).call(
            Operations.lookUp, LookUpParameters(key, local: true), Nothing(), patience: patience)
    }

    @Test func sendsWhatAnOperationIsMadeOf() async throws {
        let seen = Mutex<[String]>([])
        let bytes = ControlSocketTests.reportJSON(key)
        let path = served.folder.path
        try await served.serving { request in
            let body = String(decoding: try await request.body.bytes(), as: UTF8.self)
            seen.withLock { $0.append("\(request.method) \(request.uri) \(body)") }
            return .json(bytes)
        } _: { path in
            _ = try await Self.ask(key, in: path)
            _ = try? await APIClient(dataFolder: path).call(
                Operations.store, OneKey(key), StoreRequest(data: [1, 2], signed: false))
        }
        #expect(
            seen.withLock { $0 } == [
                "GET /api/v1/network/values/\(key)?local=true ",
                #"POST /api/v1/values/\#(key) {"data":"0102","signed":false}"#,
            ])
        #expect(TemporaryFolder.permissions(of: path + "/control.sock") == nil, "it goes with the server")
    }

    @Test(arguments: [0o600, 0o660])
    func belongsToItsOwnerAndNobodyElseUnlessItIsTold(permissions: mode_t) async throws {
        let old = umask(0o077)
        let socket = try ControlSocket.bind(
            inDataFolder: served.folder.path, served.server(answer()), permissions: permissions)
        umask(old)
        #expect(TemporaryFolder.permissions(of: served.folder.file("control.sock")) == permissions)
        withExtendedLifetime(socket) {}
    }

    @Test func replacesTheSocketOfADeadProcess() async throws {
        // Never served, so never removed: what a kill leaves behind.
        _ = try ControlSocket.bind(inDataFolder: served.folder.path, served.server(answer()))
        try await served.serving(answer()) { path in
            Self.expect(try await Self.ask(key, in: path), report)
        }
    }

    @Test func doesNotReplaceAFileThatIsNoSocket() async throws {
        let file = served.folder.file("control.sock")
        try served.folder.write("control.sock", "precious")
        #expect(throws: ControlSocketError.noSocket(path: file, reason: "file exists")) {
            _ = try ControlSocket.bind(inDataFolder: served.folder.path, served.server(answer()))
        }
        #expect(TemporaryFolder.permissions(of: file) != nil)
    }

    @Test func worksWhereThePathIsTooLongForASocket() async throws {
        let long = served.folder.file(String(repeating: "x", count: 200))
        try #require(mkdir(long, 0o700) == 0)
        try await served.serving(in: long, answer()) { path in
            Self.expect(try await Self.ask(key, in: path), report)
            #expect(TemporaryFolder.permissions(of: path + "/control.sock") == 0o600)
        }
        #expect(TemporaryFolder.permissions(of: long + "/control.sock") == nil)
    }

    @Test func answersManyConnectionsAtOnce() async throws {
        try await served.serving(answer()) { path in
            try await withThrowingTaskGroup(of: FindReport.self) { tasks in
                for _ in 0..<32 { tasks.addTask { try await Self.ask(key, in: path) } }
                for try await answer in tasks { #expect(answer == report) }
            }
        }
    }

    @Test func tellsAFailureWithItsCode() async throws {
        try await served.serving({ _ in throw NodeError(.busy, "No such luck.") }) { path in
            await #expect(throws: NodeError(.busy, "No such luck.")) { _ = try await Self.ask(key, in: path) }
        }
    }

    @Test(arguments: ["", "{}", "garbage", "[1]", #"{"asked":"many"}"#])
    func doesNotTakeAnotherAnswerForItsOwn(body: String) async throws {
        try await served.serving({ _ in .json(Array(body.utf8)) }) { path in
            await #expect(throws: ControlSocketError.unknownReply(dataFolder: path)) {
                _ = try await Self.ask(key, in: path)
            }
        }
    }

    @Test func endsWhileARequestIsStillBeingWorkedOn() async throws {
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let path = served.folder.path
        let client = Mutex<Task<FindReport, any Error>?>(nil)
        try await served.serving { _ in
            start.yield()
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        } _: { path in
            let asking = Task { try await Self.ask(key, in: path) }
            client.withLock { $0 = asking }
            for await _ in started { break }
        }
        await #expect(throws: (any Error).self) { _ = try await client.withLock { $0 }?.value }
        #expect(TemporaryFolder.permissions(of: path + "/control.sock") == nil)
    }

    @Test func givesUpOnANodeThatDoesNotAnswer() async throws {
        try await served.serving { _ in
            try await Task.sleep(for: .seconds(3600))
            return .text("")
        } _: { path in
            await #expect(throws: ControlSocketError.noAnswer(dataFolder: path, after: .milliseconds(50))) {
                _ = try await Self.ask(key, in: path, patience: .milliseconds(50))
            }
        }
    }

    @Test func saysThatNoNodeIsRunning() async throws {
        let absent = served.folder.file("absent")
        await #expect(throws: ControlSocketError.notRunning(dataFolder: absent)) {
            _ = try await Self.ask(key, in: absent)
        }
        let path = served.folder.path
        await #expect(throws: ControlSocketError.notRunning(dataFolder: path)) { _ = try await Self.ask(key, in: path) }
        #expect(
            ControlSocketError.notRunning(dataFolder: "my data").description
                == "No node is running in my data. Start one with: bristlecone run --data 'my data'")
    }

    @Test(arguments: [true, false])
    func makesALostSocketAnew(isReplaced: Bool) async throws {
        var served = served
        served.lookEvery = .milliseconds(1)
        let folder = served.folder
        let (notes, note) = AsyncStream.makeStream(of: String.self)
        let stub = served.server(answer())
        try await served.serving(answer(), note: { note.yield($0) }) { path in
            Self.expect(try await Self.ask(key, in: path), report)
            if isReplaced {
                // What a second server leaves behind.
                _ = try ControlSocket.bind(inDataFolder: path, stub)
            } else {
                try #require(unlink(folder.file("control.sock")) == 0)
            }
            #expect(await notes.first { _ in true }?.contains("made anew") == true)
            Self.expect(try await Self.ask(key, in: path), report)
            #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == 0o600)
        }
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == nil)
    }

    @Test func saysOnceThatASocketCannotBeMadeAnew() async throws {
        var served = served
        served.lookEvery = .milliseconds(1)
        let folder = served.folder
        let (notes, note) = AsyncStream.makeStream(of: String.self)
        try await served.serving(answer(), note: { note.yield($0) }) { _ in
            try #require(unlink(folder.file("control.sock")) == 0)
            try #require(mkdir(folder.file("control.sock"), 0o700) == 0)
            var told = notes.makeAsyncIterator()
            // Either the socket was made anew before the folder took its place, or it could not be.
            var sentence = await told.next()
            if sentence?.contains("was made anew") == true { sentence = await told.next() }
            #expect(sentence?.contains("cannot be made anew") == true)
            try #require(rmdir(folder.file("control.sock")) == 0)
            #expect(await told.next()?.contains("was made anew") == true)
        }
    }

    @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"])
    func closesAConnectionWhoseRequestDoesNotCome(sent: String) async throws {
        var served = served
        served.limits.patience = .seconds(1)
        let counters = served.counters
        try await served.serving { request in
            .json(try await request.body.bytes())
        } _: { path in
            Self.expect(try await ServedFolder.exchange(sent, in: path, ends: false), "")
        }
        #expect(counters.now.refused[.tooSlow] == 1)
    }

    @Test func waitsForAnAnswerThatTakesItsTime() async throws {
        var served = served
        served.limits.patience = .seconds(1)
        let bytes = ControlSocketTests.reportJSON(key)
        try await served.serving { _ in
            // Longer than a client may take.
            try await Task.sleep(for: .seconds(2))
            return .json(bytes)
        } _: { path in
            Self.expect(try await Self.ask(key, in: path), report)
        }
    }

    @Test func doesNotFollowALinkInTheSocketsPlace() async throws {
        let other = try ServedFolder()
        let socket = try ControlSocket.bind(inDataFolder: other.folder.path, other.server(answer()))
        let path = served.folder.path
        try #require(symlink(other.folder.file("control.sock"), path + "/control.sock") == 0)
        await #expect(throws: ControlSocketError.notASocket(dataFolder: path)) { _ = try await Self.ask(key, in: path) }
        withExtendedLifetime(socket) {}
    }

    @Test func takesAnAnswerThatComesBeforeAllOfTheRequestIsSent() async throws {
        let path = served.folder.path
        let listener = try listeningSocket(in: path)
        let refusal = NodeError(.valueTooLong, "That is too much.")
        let problem = try JSONText.bytes(Problem(413, refusal.code.rawValue, refusal.message))
        let node = SerialWorker("a node that reads no further")
        node.submit {
            let connection = accept(listener.descriptor, nil, nil)
            var start = [UInt8](repeating: 0, count: 100)
            _ = recv(connection, &start, start.count, 0)
            let head = "HTTP/1.1 413 Content Too Large\r\nContent-Length: \(problem.count)\r\nConnection: close\r\n\r\n"
            let answer = Array(head.utf8) + problem
            _ = Glibc.send(connection, answer, answer.count, 0)
            close(connection)
        }
        // More than a socket has room for.
        let value = KeyedValue(key, StoreRequest(data: [UInt8](repeating: 0, count: 4 << 20), signed: false))
        await #expect(throws: refusal) {
            _ = try await APIClient(dataFolder: path).call(Operations.storeMany, Nothing(), StoreManyRequest([value]))
        }
        await node.stop()
    }

    @Test func saysThatADeadNodesSocketIsNoNode() async throws {
        let path = served.folder.path
        // Bound and never listening: connections are refused as they are when the process is gone.
        let file = try boundSocket(in: path)
        await #expect(throws: ControlSocketError.notRunning(dataFolder: path)) { _ = try await Self.ask(key, in: path) }
        withExtendedLifetime(file) {}
    }

    private func boundSocket(in path: String) throws -> OpenFile {
        let socketPath = try ControlSocketPath(in: path)
        let type = Int32(SOCK_STREAM.rawValue)
        let file = OpenFile(owning: try Errno.check { socket(AF_UNIX, type, 0) })
        let descriptor = file.descriptor
        try Errno.check { socketPath.withSocketAddress { bind(descriptor, $0, $1) } }
        return file
    }

    private func listeningSocket(in path: String) throws -> OpenFile {
        let file = try boundSocket(in: path)
        let descriptor = file.descriptor
        try Errno.check { listen(descriptor, 1) }
        return file
    }
}
