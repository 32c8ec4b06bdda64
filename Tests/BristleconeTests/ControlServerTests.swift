import Console
import Dispatch
import Glibc
import IPv8
import Platform
import Synchronization
import SystemPackage
import Testing

@testable import Bristlecone

/// Server and client over a real socket in a folder of its own.
@Suite struct ControlServerTests {
    private let folder: TemporaryFolder
    private let reply = ControlReply.failure(NodeError(.busy, "No such luck."))

    init() throws { folder = try TemporaryFolder() }

    /// Serves while the body runs, and returns once the server has ended.
    private func serving(
        in path: String? = nil, _ handler: @escaping ControlServer.Handler,
        _ body: @Sendable (String) async throws -> Void
    ) async throws {
        let path = path ?? folder.path
        let server = try ControlServer.bind(inDataFolder: path)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await server.serve(handler) }
            try await body(path)
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }

    /// Runs what blocks on a thread that nobody else needs.
    private static func blocking<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws
        -> Answer
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "client").async { continuation.resume(with: Result { try body() }) }
        }
    }

    private static func expect<Answer: Equatable>(
        _ answer: Answer, _ expected: Answer, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(answer == expected, sourceLocation: location)
    }

    private static func ask(
        _ request: ControlRequest, in path: String, timeout: Duration = .seconds(60)
    ) async throws -> ControlReply {
        try await blocking { try ControlClient(dataFolder: path).send(request, timeout: timeout) }
    }

    /// Sends bytes over a new connection and reads until the server closes it.
    ///
    /// - Parameter ends: whether the server is told that nothing more comes.
    private static func exchange(_ bytes: [UInt8], in path: String, ends: Bool = true) async throws -> String {
        try await blocking {
            let socketPath = try ControlSocketPath(in: path)
            let type = Int32(SOCK_STREAM.rawValue)
            let file = OpenFile(owning: try Errno.check { socket(AF_UNIX, type, 0) })
            let descriptor = file.descriptor
            try Errno.check { socketPath.withSocketAddress { connect(descriptor, $0, $1) } }
            var rest = bytes[...]
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

    @Test func answersWhatItIsAskedFor() async throws {
        let seen = Mutex<[ControlRequest]>([])
        let address = try #require(Address("127.0.0.1:5"))
        let key = Target(hashing: "k")
        let requests: [ControlRequest] = [
            .status, .store(key: key, data: [1], signed: true), .find(key: key), .findLocal(key: key), .ping(address),
        ]
        let report = FindReport(key: key, values: [], asked: 1, answered: 1, withValues: 0, duration: .seconds(1))
        let handler: ControlServer.Handler = { request in
            seen.withLock { $0.append(request) }
            return .find(report)
        }
        try await serving(handler) { path in
            for request in requests { Self.expect(try await Self.ask(request, in: path), .find(report)) }
        }
        #expect(seen.withLock { $0 } == requests)
    }

    @Test func belongsToItsOwnerAloneAndGoesWithTheServer() async throws {
        let old = umask(0)
        let server = try ControlServer.bind(inDataFolder: folder.path)
        umask(old)
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == 0o600)
        let task = Task { try await server.serve { _ in .failure(NodeError(.busy, "")) } }
        task.cancel()
        _ = await task.result
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == nil)
    }

    @Test func replacesTheSocketOfADeadProcess() async throws {
        let reply = reply
        // Never served, so never removed: what a kill leaves behind.
        _ = try ControlServer.bind(inDataFolder: folder.path)
        try await serving({ _ in reply }) { path in
            Self.expect(try await Self.ask(.status, in: path), reply)
        }
    }

    @Test func doesNotReplaceAFileThatIsNoSocket() async throws {
        try folder.write("control.sock", "precious")
        await #expect(throws: ControlError.noSocket(path: folder.file("control.sock"), reason: "file exists")) {
            _ = try ControlServer.bind(inDataFolder: folder.path)
        }
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) != nil)
    }

    @Test func worksWhereThePathIsTooLongForASocket() async throws {
        let reply = reply
        let long = folder.file(String(repeating: "x", count: 200))
        try #require(mkdir(long, 0o700) == 0)
        try await serving(in: long, { _ in reply }) { path in
            Self.expect(try await Self.ask(.status, in: path), reply)
            #expect(TemporaryFolder.permissions(of: path + "/control.sock") == 0o600)
        }
        #expect(TemporaryFolder.permissions(of: long + "/control.sock") == nil)
    }

    @Test func answersSeveralRequestsOfOneConnectionInTheirOrder() async throws {
        let handler: ControlServer.Handler = { request in
            if case .ping(let address) = request { .failure(NodeError(.busy, "\(address)")) } else { .requestUnknown }
        }
        try await serving(handler) { path in
            let lines = (1...50).map { #"{"request":"ping","address":"127.0.0.1:\#($0)"}"# + "\n" }.joined()
            let answer = try await Self.exchange(Array(lines.utf8), in: path)
            let expected = (1...50).map { #"{"code":"busy","message":"127.0.0.1:\#($0)","reply":"failure"}"# + "\n" }
            #expect(answer == expected.joined())
        }
    }

    @Test func answersManyConnectionsAtOnce() async throws {
        let reply = reply
        try await serving({ _ in reply }) { path in
            try await withThrowingTaskGroup(of: ControlReply.self) { tasks in
                for _ in 0..<32 { tasks.addTask { try await Self.ask(.status, in: path) } }
                for try await answer in tasks { #expect(answer == reply) }
            }
        }
    }

    @Test(arguments: [
        "", "garbage", "{}", "[]", "null", "\u{0}\u{1}", #"{"request":"explode"}"#, #"{"request":"find"}"#,
        #"{"request":"find","key":"12"}"#, #"{"request":"ping","address":"nowhere"}"#,
        #"{"request":"store","key":"0000000000000000000000000000000000000000","data":"0","signed":true}"#,
        String(repeating: "[", count: 4000),
    ])
    func answersNonsenseWithAnErrorAndGoesOn(line: String) async throws {
        let reply = reply
        try await serving({ _ in reply }) { path in
            let answer = try await Self.exchange(Array("\(line)\n{\"request\":\"status\"}\n".utf8), in: path)
            let lines = answer.split(separator: "\n").map(String.init)
            #expect(lines == [try JSONText.encode(ControlReply.requestUnknown), try JSONText.encode(reply)])
        }
    }

    @Test(arguments: [true, false])
    func refusesARequestThatIsTooLongAndCloses(hasEnd: Bool) async throws {
        let reply = reply
        try await serving({ _ in reply }) { path in
            let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: ControlServer.requestBytesMax + 1)
            let answer = try await Self.exchange(bytes + (hasEnd ? Array("\n".utf8) : []), in: path)
            #expect(answer == (try JSONText.encode(ControlReply.requestTooLong)) + "\n")
            Self.expect(try await Self.ask(.status, in: path), reply)
        }
    }

    @Test func survivesClientsThatComeAndGo() async throws {
        let reply = reply
        try await serving({ _ in reply }) { path in
            Self.expect(try await Self.exchange([], in: path), "")
            Self.expect(try await Self.exchange(Array("{\"request\":".utf8), in: path), "")
            Self.expect(try await Self.ask(.status, in: path), reply)
        }
    }

    @Test func endsWhileARequestIsStillBeingWorkedOn() async throws {
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let (never, hold) = AsyncStream.makeStream(of: Void.self)
        let reply = reply
        let path = folder.path
        let client = Mutex<Task<ControlReply, any Error>?>(nil)
        let handler: ControlServer.Handler = { _ in
            start.yield()
            for await _ in never {}
            return reply
        }
        try await serving(handler) { path in
            let asking = Task { try await Self.ask(.status, in: path) }
            client.withLock { $0 = asking }
            for await _ in started { break }
        }
        await #expect(throws: ControlError.stopped(dataFolder: path)) {
            _ = try await client.withLock { $0 }?.value
        }
        hold.finish()
    }

    @Test func endsWhileClientsConnect() async throws {
        let reply = reply
        for round in 0..<100 {
            let path = folder.path
            let server = try ControlServer.bind(inDataFolder: path)
            let serving = Task { try await server.serve { _ in reply } }
            let clients = (0..<8).map { _ in Task { try? await Self.ask(.status, in: path) } }
            // Some are being accepted when the server is told to end, and some are not yet.
            try await Task.sleep(for: .microseconds(round * 5))
            serving.cancel()
            try await serving.value
            for client in clients {
                let answer = await client.value
                #expect(answer == nil || answer == reply)
            }
        }
    }

    @Test func givesUpOnANodeThatDoesNotAnswer() async throws {
        let (never, hold) = AsyncStream.makeStream(of: Void.self)
        let reply = reply
        let handler: ControlServer.Handler = { _ in
            for await _ in never {}
            return reply
        }
        try await serving(handler) { path in
            await #expect(throws: ControlError.noAnswer(dataFolder: path, after: .milliseconds(1))) {
                _ = try await Self.ask(.status, in: path, timeout: .milliseconds(1))
            }
        }
        hold.finish()
    }

    @Test func saysThatNoNodeIsRunning() async throws {
        let absent = folder.file("absent")
        await #expect(throws: ControlError.notRunning(dataFolder: absent)) {
            _ = try await Self.ask(.status, in: absent)
        }
        await #expect(throws: ControlError.notRunning(dataFolder: folder.path)) {
            _ = try await Self.ask(.status, in: folder.path)
        }
        #expect(
            ControlError.notRunning(dataFolder: "my data").description
                == "No node is running in my data. Start one with: bristlecone run --data 'my data'")
    }

    @Test(arguments: [true, false])
    func makesALostSocketAnew(isReplaced: Bool) async throws {
        let (notes, note) = AsyncStream.makeStream(of: String.self)
        let path = folder.path
        let reply = reply
        let server = try ControlServer.bind(
            inDataFolder: path, times: ControlServer.Times(look: .milliseconds(1)))
        let serving = Task { try await server.serve({ _ in reply }, note: { note.yield($0) }) }
        Self.expect(try await Self.ask(.status, in: path), reply)
        if isReplaced {
            // What a second server leaves behind.
            _ = try ControlServer.bind(inDataFolder: path)
        } else {
            try #require(unlink(folder.file("control.sock")) == 0)
        }
        let told = await notes.first { _ in true }
        #expect(told?.contains("made anew") == true)
        Self.expect(try await Self.ask(.status, in: path), reply)
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == 0o600)
        serving.cancel()
        try await serving.value
        #expect(TemporaryFolder.permissions(of: folder.file("control.sock")) == nil)
    }

    @Test func saysOnceThatASocketCannotBeMadeAnew() async throws {
        let (notes, note) = AsyncStream.makeStream(of: String.self)
        let reply = reply
        let server = try ControlServer.bind(
            inDataFolder: folder.path, times: ControlServer.Times(look: .milliseconds(1)))
        let serving = Task { try await server.serve({ _ in reply }, note: { note.yield($0) }) }
        try #require(unlink(folder.file("control.sock")) == 0)
        try #require(mkdir(folder.file("control.sock"), 0o700) == 0)
        var told = notes.makeAsyncIterator()
        // Either the socket was made anew before the folder took its place, or it could not be.
        var sentence = await told.next()
        if sentence?.contains("was made anew") == true { sentence = await told.next() }
        #expect(sentence?.contains("cannot be made anew") == true)
        try #require(rmdir(folder.file("control.sock")) == 0)
        #expect(await told.next()?.contains("was made anew") == true)
        serving.cancel()
        try await serving.value
    }

    @Test(arguments: ["", "{\"request\":", "{\"request\":\"status\"}\n{\"request\":"])
    func closesAConnectionWhoseRequestDoesNotCome(sent: String) async throws {
        let reply = reply
        let path = folder.path
        let server = try ControlServer.bind(
            inDataFolder: path, times: ControlServer.Times(request: .seconds(2)))
        let serving = Task { try await server.serve { _ in reply } }
        let answer = try await Self.exchange(Array(sent.utf8), in: path, ends: false)
        #expect(answer == (sent.contains("\n") ? try JSONText.encode(reply) + "\n" : ""))
        serving.cancel()
        try await serving.value
    }

    @Test func waitsForARequestThatTakesItsTime() async throws {
        let reply = reply
        let path = folder.path
        let server = try ControlServer.bind(
            inDataFolder: path, times: ControlServer.Times(request: .seconds(3)))
        let handler: ControlServer.Handler = { _ in
            // Longer than a client may take.
            try? await Task.sleep(for: .seconds(4))
            return reply
        }
        let serving = Task { try await server.serve(handler) }
        Self.expect(try await Self.ask(.status, in: path), reply)
        serving.cancel()
        try await serving.value
    }

    @Test func doesNotFollowALinkInTheSocketsPlace() async throws {
        let other = try TemporaryFolder()
        let server = try ControlServer.bind(inDataFolder: other.path)
        let path = folder.path
        try #require(symlink(other.file("control.sock"), folder.file("control.sock")) == 0)
        await #expect(throws: ControlError.notASocket(dataFolder: path)) { _ = try await Self.ask(.status, in: path) }
        withExtendedLifetime(server) {}
    }

    @Test func saysThatANodeHasNoSocket() async throws {
        let path = folder.file("data")
        let data = try DataFolder.open(path)
        await #expect(throws: ControlError.notListening(dataFolder: path)) { _ = try await Self.ask(.status, in: path) }
        data.close()
        await #expect(throws: ControlError.notRunning(dataFolder: path)) { _ = try await Self.ask(.status, in: path) }
    }

    @Test func saysThatADeadNodesSocketIsNoNode() async throws {
        let path = folder.path
        let socketPath = try ControlSocketPath(in: path)
        let type = Int32(SOCK_STREAM.rawValue)
        let file = OpenFile(owning: try Errno.check { socket(AF_UNIX, type, 0) })
        let descriptor = file.descriptor
        // Bound and never listening: connections are refused as they are when the process is gone.
        try Errno.check { socketPath.withSocketAddress { bind(descriptor, $0, $1) } }
        await #expect(throws: ControlError.notRunning(dataFolder: path)) { _ = try await Self.ask(.status, in: path) }
    }
}
