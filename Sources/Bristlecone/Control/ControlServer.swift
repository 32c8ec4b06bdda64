internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Answers requests that programs on the same machine make through a socket in the data folder.
///
/// Requests and replies are JSON, one a line; a connection may have any number of them, one after the other, and there
/// may be several connections. Whoever can open the socket may ask for anything: it is its owner's alone from the
/// moment that it exists.
public final class ControlServer: Sendable {
    /// Answers one request.
    public typealias Handler = @Sendable (ControlRequest) async -> ControlReply

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let path: ControlSocketPath
    /// The listening socket, until it is served.
    private let listening: Mutex<Int32?>
    private let connections = Mutex(Connections())

    /// The connections that are being served.
    private struct Connections {
        var tasks: [Int: Task<Void, Never>] = [:]
        var count = 0
        var isEnding = false
    }

    /// The longest request, a store of 170 bytes, has less than 500.
    static let requestBytesMax = 4096
    /// How many connections there may be at once. A process has 1,024 files as Linux has it; half of them are left for the
    /// rest. Who comes beyond that waits for the system's queue of as many again.
    static let connectionsMax = 512

    private init(path: consuming ControlSocketPath, socket: Int32) {
        self.path = path
        listening = Mutex(socket)
    }

    deinit { if let socket = listening.withLock({ $0 }) { close(socket) } }

    /// Makes the socket in a data folder that this process has the lock of, and replaces the one that a process which
    /// was killed left behind. Whoever connects from now on waits to be served.
    public static func bind(inDataFolder dataFolder: String) throws(ControlError) -> ControlServer {
        let path = try openPath(inDataFolder: dataFolder)
        do {
            let socket = try boundSocket(at: path)
            return ControlServer(path: path, socket: socket)
        } catch {
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: error.reason)
        }
    }

    /// Answers requests until the task is cancelled, then removes the socket. To be called once.
    public func serve(_ handler: @escaping Handler) async throws {
        guard let socket = listening.withLock({ $0.take() }) else { preconditionFailure("served twice") }
        defer { try? path.folder.remove(ControlSocketPath.name) }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    self.begin(try Connection(wrappingChannelSynchronously: channel), handler)
                }
            }
            .withBoundSocket(socket).get()
        await withTaskCancellationHandler {
            try? await listener.closeFuture.get()
        } onCancel: {
            listener.close(promise: nil)
        }
        let tasks = connections.withLock { connections in
            connections.isEnding = true
            return Array(connections.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Serves a connection in a task of its own, from the moment that it is there: NIO ends the process when one is dropped
    /// that nobody has taken, as those are that wait in a stream of connections when it ends.
    private func begin(_ connection: Connection, _ handler: @escaping Handler) {
        connections.withLock { connections in
            connections.count += 1
            let (number, isOneTooMany) = (connections.count, connections.tasks.count >= ControlServer.connectionsMax)
            let task = Task {
                await self.serve(connection, isOneTooMany: isOneTooMany, handler)
                self.connections.withLock { $0.tasks[number] = nil }
            }
            if connections.isEnding { task.cancel() }
            connections.tasks[number] = task
        }
    }

    private static func openPath(inDataFolder dataFolder: String) throws(ControlError) -> ControlSocketPath {
        do {
            return try ControlSocketPath(in: dataFolder)
        } catch {
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: error.reason)
        }
    }

    /// A listening socket, its owner's alone. What an earlier process left in its place is removed, if it is a socket.
    private static func boundSocket(at path: borrowing ControlSocketPath) throws(SystemError) -> Int32 {
        if let status = try path.folder.status(of: ControlSocketPath.name) {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw SystemError(code: EEXIST) }
            try path.folder.remove(ControlSocketPath.name)
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = try SystemError.check { socket(AF_UNIX, type, 0) }
        do {
            // On Linux the name gets the permissions that the socket has when it is bound.
            try SystemError.check { fchmod(descriptor, 0o600) }
            try SystemError.check { path.withSocketAddress { Glibc.bind(descriptor, $0, $1) } }
            try SystemError.check { listen(descriptor, Int32(connectionsMax)) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func serve(_ connection: Connection, isOneTooMany: Bool, _ handler: @escaping Handler) async {
        // A connection that breaks is its client's to deal with.
        try? await connection.executeThenClose { inbound, outbound in
            guard !isOneTooMany else {
                return try await outbound.write(
                    ControlServer.line(.failure("Too many programs are talking to the node at once.", canRetry: true)))
            }
            var lines = LineBuffer(byteCountMax: ControlServer.requestBytesMax)
            for try await chunk in inbound {
                lines.append(chunk.readableBytesView)
                while let line = lines.next() {
                    guard case .complete(let bytes) = line else {
                        return try await outbound.write(ControlServer.line(.requestTooLong))
                    }
                    guard let reply = await ControlServer.reply(to: bytes, handler) else { return }
                    try await outbound.write(ControlServer.line(reply))
                }
            }
        }
    }

    /// The reply to a line; `nil` where the task was cancelled before there was one.
    ///
    /// The handler runs in a task of its own, so that a long lookup does not hold up the end of the program.
    private static func reply(to line: [UInt8], _ handler: @escaping Handler) async -> ControlReply? {
        let request: ControlRequest
        do {
            request = try JSONText.decode(ControlRequest.self, from: line)
        } catch {
            return .requestUnknown
        }
        let (replies, continuation) = AsyncStream.makeStream(of: ControlReply.self)
        Task {
            continuation.yield(await handler(request))
            continuation.finish()
        }
        return await replies.first { _ in true }
    }

    private static func line(_ reply: ControlReply) throws -> ByteBuffer {
        ByteBuffer(bytes: try JSONText.bytes(reply) + [UInt8(ascii: "\n")])
    }
}

extension ControlReply {
    static let requestTooLong = ControlReply.failure(
        "The request is longer than \(ControlServer.requestBytesMax) bytes.", canRetry: false)
    static let requestUnknown = ControlReply.failure(
        "The request is none that this node (version \(Release.version)) knows.", canRetry: false)
}
