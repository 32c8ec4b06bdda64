internal import Archive
internal import Console
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Synchronization
internal import SystemPackage

/// Answers requests that programs on the same machine make through a socket in the data folder.
///
/// Requests and replies are JSON, one a line; a connection may have any number of them, one after the other, and there
/// may be several connections. Whoever can open the socket may ask for anything: it is its owner's alone from the
/// moment that it exists, and the system is asked who has connected. A socket whose name was deleted or replaced is made
/// anew within a second.
package final class ControlServer: Sendable {
    /// Answers one request.
    package typealias Handler = @Sendable (ControlRequest) async -> ControlReply

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let dataFolder: String
    private let path: ControlSocketPath
    private let times: Times
    /// How many connections there may be at once; who comes beyond that is told so.
    private let connectionsMax = FileLimit.controlConnections
    /// The listening socket, until it is served.
    private let listening: Mutex<Int32?>
    /// What the socket's name stands for as long as it is ours.
    private let bound: Mutex<FileIdentity?>
    private let connections = Mutex(Connections())

    /// How patient the server is.
    struct Times: Sendable {
        /// How long a client may take to send a whole request, and to read the reply. What it asked for may take longer.
        var request: Duration = .seconds(30)
        /// How often it is looked whether the socket still has its name.
        var look: Duration = .seconds(1)
    }

    /// The connections that are being served.
    private struct Connections {
        var tasks: [Int: Task<Void, Never>] = [:]
        var count = 0
        var isEnding = false
    }

    /// The longest request, a store of 170 bytes, has less than 500.
    static let requestBytesMax = 4096
    /// How many connections there may be at once, if the process may open enough files. Who comes beyond that waits for the
    /// system's queue of as many again.
    static let connectionsMax = 512

    private init(_ dataFolder: String, path: consuming ControlSocketPath, socket: Int32, times: Times) {
        self.dataFolder = dataFolder
        bound = Mutex(FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor))
        self.path = path
        self.times = times
        listening = Mutex(socket)
    }

    deinit { if let socket = listening.withLock({ $0 }) { close(socket) } }

    /// Makes the socket in a data folder that this process has the lock of, and replaces the one that a process which
    /// was killed left behind. Whoever connects from now on waits to be served.
    package static func bind(inDataFolder dataFolder: String) throws(ControlError) -> ControlServer {
        try bind(inDataFolder: dataFolder, times: Times())
    }

    static func bind(inDataFolder dataFolder: String, times: Times) throws(ControlError) -> ControlServer {
        let path = try openPath(inDataFolder: dataFolder)
        do {
            let socket = try boundSocket(at: path)
            return ControlServer(dataFolder, path: path, socket: socket, times: times)
        } catch {
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: error.reason)
        }
    }

    /// Answers requests until the task is cancelled, then removes the socket. To be called once.
    ///
    /// - Parameter note: is told in a sentence when the socket was lost, and what came of it.
    package func serve(_ handler: @escaping Handler, note: @Sendable (String) -> Void = { _ in }) async throws {
        guard let socket = listening.withLock({ $0.take() }) else { preconditionFailure("served twice") }
        defer { removeSocket() }
        var listener = try await listen(on: socket, handler)
        var hasComplained = false
        while (try? await Task.sleep(for: times.look)) != nil {
            guard !listener.isActive || isLost else { continue }
            do {
                let new = try await listen(on: try socketAnew(), handler)
                try? await listener.close()
                listener = new
                hasComplained = false
                note("The control socket was deleted or replaced; it was made anew.")
            } catch {
                if !hasComplained {
                    note("The control socket was deleted or replaced, and cannot be made anew: \(error)")
                }
                hasComplained = true
            }
        }
        try? await listener.close()
        let tasks = connections.withLock { connections in
            connections.isEnding = true
            return Array(connections.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func listen(on socket: Int32, _ handler: @escaping Handler) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    self.begin(try Connection(wrappingChannelSynchronously: channel), handler)
                }
            }
            .withBoundSocket(socket).get()
    }

    /// Whether the socket's name is gone or stands for something else. In a folder that was moved away it is not: there
    /// the node can still be asked.
    private var isLost: Bool {
        FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor) != bound.withLock { $0 }
            && FileIdentity(path: dataFolder) == FileIdentity(descriptor: path.folder.descriptor)
    }

    private func socketAnew() throws(ControlError) -> Int32 {
        do {
            let socket = try ControlServer.boundSocket(at: path)
            let identity = FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor)
            bound.withLock { $0 = identity }
            return socket
        } catch {
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: error.reason)
        }
    }

    private func removeSocket() {
        let identity = bound.withLock { $0 }
        guard FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor) == identity else { return }
        try? path.folder.remove(ControlSocketPath.name)
    }

    /// Serves a connection in a task of its own, from the moment that it is there: NIO ends the process when one is dropped
    /// that nobody has taken, as those are that wait in a stream of connections when it ends.
    private func begin(_ connection: Connection, _ handler: @escaping Handler) {
        connections.withLock { connections in
            connections.count += 1
            let (number, isOneTooMany) = (connections.count, connections.tasks.count >= connectionsMax)
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
    private static func boundSocket(at path: borrowing ControlSocketPath) throws(Errno) -> Int32 {
        if let status = try path.folder.status(of: ControlSocketPath.name) {
            guard status.st_mode & S_IFMT == S_IFSOCK else { throw Errno.fileExists }
            try path.folder.remove(ControlSocketPath.name)
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = try Errno.check { socket(AF_UNIX, type, 0) }
        do {
            // On Linux the name gets the permissions that the socket has when it is bound.
            try Errno.check { fchmod(descriptor, 0o600) }
            try Errno.check { path.withSocketAddress { Glibc.bind(descriptor, $0, $1) } }
            try Errno.check { Glibc.listen(descriptor, Int32(connectionsMax)) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func serve(_ connection: Connection, isOneTooMany: Bool, _ handler: @escaping Handler) async {
        let patience = Patience(with: connection.channel, for: times.request)
        // A connection that breaks is its client's to deal with.
        try? await connection.executeThenClose { inbound, outbound in
            patience.begin()
            defer { patience.end() }
            guard await ControlServer.isAllowed(connection.channel) else {
                return try await outbound.write(ControlServer.line(.notAllowed))
            }
            guard !isOneTooMany else {
                return try await outbound.write(
                    ControlServer.line(
                        .failure(NodeError(.busy, "Too many programs are talking to the node at once."))))
            }
            var lines = LineBuffer(byteCountMax: ControlServer.requestBytesMax)
            for try await chunk in inbound {
                lines.append(chunk.readableBytesView)
                while let line = lines.next() {
                    guard case .complete(let bytes) = line else {
                        return try await outbound.write(ControlServer.line(.requestTooLong))
                    }
                    patience.end()
                    guard let reply = await ControlServer.reply(to: bytes, handler) else { return }
                    patience.begin()
                    try await outbound.write(ControlServer.line(reply))
                    patience.begin()
                }
            }
        }
    }

    /// Whether the process at the other end is of a user that the node serves.
    private static func isAllowed(_ channel: any Channel) async -> Bool {
        guard let options = channel as? any SocketOptionProvider else { return false }
        let peer: EventLoopFuture<PeerUser.Credentials> = options.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED))
        guard let user = try? await peer.get().user else { return false }
        return PeerUser.mayUseNode(user)
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
        NodeError(.invalidArgument, "The request is longer than \(ControlServer.requestBytesMax) bytes."))
    static let requestUnknown = ControlReply.failure(
        NodeError(.invalidArgument, "This node (version \(Release.version)) does not know that request."))
    static let notAllowed = ControlReply.failure(
        NodeError(.notPermitted, "The node serves the user who started it, and root; run this as one of them."))
}

/// Closes a connection whose client takes too long.
private final class Patience: Sendable {
    private let channel: any Channel
    private let time: TimeAmount
    private let timer = Mutex<Scheduled<Void>?>(nil)

    init(with channel: any Channel, for time: Duration) {
        self.channel = channel
        self.time = TimeAmount(time)
    }

    /// It is the client's turn from now on.
    func begin() {
        let new = channel.eventLoop.scheduleTask(in: time) { [channel] in channel.close(promise: nil) }
        timer.withLock { timer in
            timer?.cancel()
            timer = new
        }
    }

    /// It is the node's turn.
    func end() {
        timer.withLock { timer in
            timer?.cancel()
            timer = nil
        }
    }
}

/// Accepts nobody for a second when the process can open no more files: SwiftNIO would try again at once, and keep a
/// processor busy with that.
private final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.seconds(1)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode, code == EMFILE || code == ENFILE else {
            return context.fireErrorCaught(error)
        }
        let channel = context.channel
        _ = channel.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: AcceptPause.pause) { _ = channel.setOption(.autoRead, value: true) }
    }
}
