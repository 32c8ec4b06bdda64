package import Bristlecone
internal import Hummingbird
package import IPv8
package import Logging
internal import ServiceLifecycle

/// Serves the API of a node: on the socket in its data folder, and over TCP if the settings say so.
package struct APIService: Service {
    private let api: NodeAPI
    private let server: ConnectionServer
    private let socket: ControlSocket
    private let listeners: [TCPListener]
    /// What the listeners and their connections run on.
    private let threads: BackgroundThreads?

    /// Where HTTP is served over TCP.
    package var addresses: [Address] { listeners.map(\.address) }

    /// Begins to listen, so that whoever connects is answered as soon as ``run()`` is called.
    package static func bind(
        node: BristleconeNode, configuration: RunningConfiguration, logger: Logger
    ) async throws(ControlSocketError) -> APIService {
        let settings = configuration.settings
        let folder = settings.dataFolder
        let http = settings.http
        let gate = Gate(
            Admission(key: try APIKey.loadOrCreate(inDataFolder: folder), groupReads: http.groupReads))
        gate.apply(http)
        configuration.onChange { gate.apply($0.http) }
        // Of those that there is room for, the control socket and TCP get half each.
        let connectionsMax = http.listen.isEmpty ? FileLimit.apiConnections : max(2, FileLimit.apiConnections / 2)
        let api = NodeAPI(node: node, configuration: configuration, gate: gate, logger: logger)
        let server = ConnectionServer(
            Routes.responder(for: api), gate: gate, counters: api.counters,
            limits: ServerLimits(connectionsMax: connectionsMax), logger: logger)
        let socket = try ControlSocket.bind(
            inDataFolder: folder, server, permissions: http.groupReads ? 0o660 : 0o600)
        guard !http.listen.isEmpty else {
            return APIService(api: api, server: server, socket: socket, listeners: [], threads: nil)
        }
        let threads = await BackgroundThreads.begin()
        var listeners: [TCPListener] = []
        do {
            for address in http.listen { listeners.append(try await TCPListener.bind(address, server, on: threads)) }
        } catch {
            for listener in listeners { await listener.close() }
            await threads.shutdown()
            throw error
        }
        return APIService(api: api, server: server, socket: socket, listeners: listeners, threads: threads)
    }

    /// Answers until the program is to end.
    package func run() async throws {
        for address in addresses { api.logger.info("HTTP is served on http://\(address)") }
        if threads?.areLowered == false {
            api.logger.notice(
                """
                Requests over TCP have the overlay's priority, because this process may not lower it; in a unit, allow that \
                with SystemCallFilter=setpriority.
                """)
        }
        try await cancelWhenGracefulShutdown {
            try await socket.serve { api.logger.warning("\($0)") }
        }
        for listener in listeners { await listener.close() }
        await server.end()
        await threads?.shutdown()
    }
}
