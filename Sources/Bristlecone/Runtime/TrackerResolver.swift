internal import Glibc
internal import IPv8
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Looks up the names of the bootstrap servers, again and again, since their addresses may change.
final class TrackerResolver: Sendable {
    /// Those that are given by their address, and those that are given by a name.
    private let known: [Address]
    private let named: [BootstrapServer]
    private let logger: Logger
    private let task = Mutex<Task<Void, Never>?>(nil)

    private static let interval: Duration = .seconds(3600)
    /// The time until the next attempt where no name could be looked up.
    private static let intervalAfterFailure: Duration = .seconds(60)

    init(_ servers: [BootstrapServer], logger: Logger) {
        known = servers.compactMap { server in
            IPAddress(server.host).map { Address(host: $0, port: server.port) }
        }
        named = servers.filter { IPAddress($0.host) == nil }
        self.logger = logger
    }

    /// Begins, unless there are no servers. Those that are given by their address need not wait for the names of others,
    /// which without a name server takes minutes.
    func begin(_ deliver: @escaping @Sendable ([Address]) -> Void) {
        guard !known.isEmpty || !named.isEmpty else { return }
        let task = Task { [self] in
            if !known.isEmpty { deliver(known) }
            var hasWarned = false
            while !named.isEmpty, !Task.isCancelled {
                let found = await lookUpAll()
                guard !Task.isCancelled else { return }
                if !found.isEmpty {
                    deliver(known + found)
                } else if !hasWarned {
                    hasWarned = true
                    let others = known.isEmpty ? "" : ", and those that are given by an address are asked"
                    logger.warning(
                        "No bootstrap server's name could be looked up; it is tried again each minute\(others).")
                }
                try? await Task.sleep(
                    for: found.isEmpty ? TrackerResolver.intervalAfterFailure : TrackerResolver.interval)
            }
        }
        self.task.withLock { $0 = task }
    }

    /// Ends, and forgets what is being looked up.
    func end() { task.withLock { $0?.cancel() } }

    private func lookUpAll() async -> [Address] {
        var addresses: [Address] = []
        for server in named where !Task.isCancelled {
            let found = try? await NIOThreadPool.singleton.runIfActive { TrackerResolver.lookUp(server) }
            if let found, !found.isEmpty {
                addresses += found
            } else {
                logger.debug("The bootstrap server \(server) has no address")
            }
        }
        return addresses
    }

    /// Asks the system; it may take its time.
    private static func lookUp(_ server: BootstrapServer) -> [Address] {
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
