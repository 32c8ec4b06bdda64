internal import Glibc
internal import IPv8
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Looks up the names of the bootstrap servers, again and again, since their addresses may change.
final class TrackerResolver: Sendable {
    private let servers: [BootstrapServer]
    private let logger: Logger
    private let task = Mutex<Task<Void, Never>?>(nil)

    private static let interval: Duration = .seconds(3600)
    /// The time until the next attempt where no name could be looked up.
    private static let intervalAfterFailure: Duration = .seconds(60)

    init(_ servers: [BootstrapServer], logger: Logger) {
        self.servers = servers
        self.logger = logger
    }

    /// Begins, unless there are no servers to look up.
    func begin(_ deliver: @escaping @Sendable ([Address]) -> Void) {
        guard !servers.isEmpty else { return }
        let task = Task { [self] in
            while !Task.isCancelled {
                let addresses = await resolveAll()
                if !addresses.isEmpty, !Task.isCancelled { deliver(addresses) }
                let names = servers.count { IPAddress($0.host) == nil }
                let isComplete = names == 0 || addresses.count > servers.count - names
                try? await Task.sleep(
                    for: isComplete ? TrackerResolver.interval : TrackerResolver.intervalAfterFailure)
            }
        }
        self.task.withLock { $0 = task }
    }

    /// Ends, and forgets what is being looked up.
    func end() { task.withLock { $0?.cancel() } }

    private func resolveAll() async -> [Address] {
        var addresses: [Address] = []
        for server in servers {
            let found = try? await NIOThreadPool.singleton.runIfActive { TrackerResolver.resolve(server) }
            if let found, !found.isEmpty {
                addresses += found
            } else {
                logger.debug("The bootstrap server \(server) has no address")
            }
        }
        return addresses
    }

    /// Asks the system; it may take its time.
    private static func resolve(_ server: BootstrapServer) -> [Address] {
        if let host = IPAddress(server.host) { return [Address(host: host, port: server.port)] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var results: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(server.host, nil, &hints, &results) == 0 else { return [] }
        defer { freeaddrinfo(results) }
        return sequence(first: results, next: { $0?.pointee.ai_next }).compactMap { result in
            guard let result = result?.pointee, let raw = result.ai_addr else { return nil }
            return Address(socketAddress: raw, byteCount: Int(result.ai_addrlen))
                .map { Address(host: $0.host, port: server.port) }
        }
    }
}
