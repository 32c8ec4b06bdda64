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
    private let listener: NIOAsyncChannel<Connection, Never>
    private let connections = Mutex(0)

    /// The longest request, a store of 170 bytes, has less than 500.
    static let requestBytesMax = 4096
    /// How many connections there may be at once. A process has 1,024 files as Linux has it; half of them are left for the
    /// rest. Who comes beyond that waits for the system's queue of as many again.
    static let connectionsMax = 512

    private init(path: consuming ControlSocketPath, listener: NIOAsyncChannel<Connection, Never>) {
        self.path = path
        self.listener = listener
    }

    /// Makes the socket in a data folder that this process has the lock of, and replaces the one that a process which
    /// was killed left behind.
    public static func bind(inDataFolder dataFolder: String) async throws(ControlError) -> ControlServer {
        let path = try openPath(inDataFolder: dataFolder)
        let listener: NIOAsyncChannel<Connection, Never>
        do {
            listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(boundSocket(at: path)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            let reason = (error as? SystemError)?.reason ?? "\(error)"
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: reason)
        }
        return ControlServer(path: path, listener: listener)
    }

    /// Answers requests until the task is cancelled, then removes the socket. To be called once.
    public func serve(_ handler: @escaping Handler) async throws {
        defer { try? path.folder.remove(ControlSocketPath.name) }
        do {
            try await listener.executeThenClose { newConnections in
                try await withThrowingDiscardingTaskGroup { tasks in
                    for try await connection in newConnections {
                        tasks.addTask { await self.serve(connection, handler) }
                    }
                    tasks.cancelAll()
                }
            }
        } catch  where Task.isCancelled {
            return
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

    private func serve(_ connection: Connection, _ handler: @escaping Handler) async {
        let count = connections.withLock { count in
            count += 1
            return count
        }
        defer { connections.withLock { $0 -= 1 } }
        // A connection that breaks is its client's to deal with.
        try? await connection.executeThenClose { inbound, outbound in
            guard count <= ControlServer.connectionsMax else {
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
