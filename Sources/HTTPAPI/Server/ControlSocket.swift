internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Synchronization
internal import SystemPackage

/// The socket in the data folder. From the moment that it exists it is its owner's alone, or also its group's if the
/// settings say so. It is made anew within a second if its name was deleted or replaced.
final class ControlSocket: Sendable {
    private let dataFolder: String
    private let path: ControlSocketPath
    private let server: ConnectionServer
    private let permissions: mode_t
    /// The listening socket, until it is served.
    private let listening: Mutex<Int32?>
    /// What the socket's name stands for as long as it is ours.
    private let bound: Mutex<FileIdentity?>

    /// How often it is looked whether the socket still has its name.
    private let lookEvery: Duration
    private static let backlog: Int32 = 512

    /// Makes the socket in a data folder that this process has the lock of, and replaces the one that a process which
    /// was killed left behind. Whoever connects from now on waits to be served.
    static func bind(
        inDataFolder dataFolder: String, _ server: ConnectionServer, permissions: mode_t = 0o600,
        lookEvery: Duration = .seconds(1)
    ) throws(ControlSocketError) -> ControlSocket {
        do {
            let path = try ControlSocketPath(in: dataFolder)
            let socket = try boundSocket(at: path, permissions)
            return ControlSocket(
                dataFolder, path: path, socket: socket, server, permissions: permissions, lookEvery: lookEvery)
        } catch {
            throw .noSocket(path: "\(dataFolder)/\(ControlSocketPath.name)", reason: error.reason)
        }
    }

    private init(
        _ dataFolder: String, path: consuming ControlSocketPath, socket: Int32, _ server: ConnectionServer,
        permissions: mode_t, lookEvery: Duration
    ) {
        self.dataFolder = dataFolder
        self.server = server
        self.permissions = permissions
        self.lookEvery = lookEvery
        bound = Mutex(FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor))
        self.path = path
        listening = Mutex(socket)
    }

    deinit { if let socket = listening.withLock({ $0 }) { close(socket) } }

    /// Accepts connections until the task is cancelled, then removes the socket. To be called once.
    ///
    /// - Parameter note: is told in a sentence when the socket was lost, and what came of it.
    func serve(note: @Sendable (String) -> Void) async throws {
        guard let socket = listening.withLock({ $0.take() }) else { preconditionFailure("served twice") }
        defer { removeSocket() }
        var listener = try await listen(on: socket)
        var hasComplained = false
        while (try? await Task.sleep(for: lookEvery)) != nil {
            guard !listener.isActive || isLost else { continue }
            do {
                let new = try await listen(on: try socketAnew())
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
    }

    private func listen(on socket: Int32) async throws -> any Channel {
        try await AcceptPause.bootstrap(.singleton)
            .childChannelInitializer { [server] channel in server.take(channel, through: .controlSocket) }
            .withBoundSocket(socket).get()
    }

    /// Whether the socket's name is gone or stands for something else. In a folder that was moved away it is not: there
    /// the node can still be asked.
    private var isLost: Bool {
        FileIdentity(name: ControlSocketPath.name, in: path.folder.descriptor) != bound.withLock { $0 }
            && FileIdentity(path: dataFolder) == FileIdentity(descriptor: path.folder.descriptor)
    }

    private func socketAnew() throws(ControlSocketError) -> Int32 {
        do {
            let socket = try ControlSocket.boundSocket(at: path, permissions)
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

    private static func boundSocket(
        at path: borrowing ControlSocketPath, _ permissions: mode_t
    ) throws(Errno) -> Int32 {
        if let status = try path.folder.status(of: ControlSocketPath.name) {
            guard status.kind == S_IFSOCK else { throw Errno.fileExists }
            try path.folder.remove(ControlSocketPath.name)
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = try Errno.check { socket(AF_UNIX, type, 0) }
        do {
            // On Linux the name gets the permissions that the socket has when it is bound, less what the process gives to
            // no new file. What the group may is added afterwards.
            try Errno.check { fchmod(descriptor, permissions) }
            try Errno.check { path.withSocketAddress { Glibc.bind(descriptor, $0, $1) } }
            if permissions != 0o600 {
                try Errno.check { fchmodat(path.folder.descriptor, ControlSocketPath.name, permissions, 0) }
            }
            try Errno.check { Glibc.listen(descriptor, backlog) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }
}

/// Accepts nobody for a second when the process can open no more files: SwiftNIO would try again at once, and keep a
/// processor busy with that.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause = TimeAmount.seconds(1)

    /// What listeners begin with.
    static func bootstrap(_ group: MultiThreadedEventLoopGroup) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode, code == EMFILE || code == ENFILE else {
            return context.fireErrorCaught(error)
        }
        let channel = context.channel
        _ = channel.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: AcceptPause.pause) { _ = channel.setOption(.autoRead, value: true) }
    }
}
