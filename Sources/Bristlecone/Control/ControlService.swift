internal import IPv8
package import Logging
internal import ServiceLifecycle

/// Lets programs on the same machine use a node, through the control socket in its data folder.
package struct ControlService: Service {
    private let node: BristleconeNode
    private let server: ControlServer
    private let logger: Logger

    /// Makes the socket, so that the node can be talked to as soon as ``run()`` is called.
    package init(node: BristleconeNode, dataFolder: String, logger: Logger) throws(ControlError) {
        self.node = node
        self.logger = logger
        server = try ControlServer.bind(inDataFolder: dataFolder)
    }

    /// Answers until the program is to end.
    package func run() async throws {
        logger.debug("The control socket is open")
        try await cancelWhenGracefulShutdown {
            try await server.serve({ request in await reply(to: request) }, note: { logger.warning("\($0)") })
        }
    }

    /// Does what a request asks for.
    private func reply(to request: ControlRequest) async -> ControlReply {
        do throws(NodeError) {
            switch request {
            case .status: return .status(await node.status())
            case .store(let key, let data, let signed):
                return .store(try await node.storeValue(key: key, data: data, signed: signed))
            case .find(let key): return .find(try await node.findValues(key: key))
            case .findLocal(let key): return .find(try await node.localValues(key: key))
            case .ping(let address): return .ping(try await node.ping(address))
            case .connect(let mid, let address):
                let begun = ContinuousClock.now
                let peers = try await node.connectPeer(mid: mid, knownAddress: address)
                return .connect(ConnectReport(mid: mid, peers: peers, duration: ContinuousClock.now - begun))
            case .backup(let folder): return .backup(try await node.backUp(to: folder))
            case .plan: return .plan(try await node.plan())
            case .pins: return try await pins(changed: false)
            case .pin(let subject): return try await pins(changed: node.pin(subject))
            case .unpin(let subject): return try await pins(changed: node.unpin(subject))
            case .withdraw(let key):
                return .withdraw(WithdrawReport(key: key, withdrawnCount: try await node.withdraw(key)))
            case .forget(let subject, let block):
                let erased = try await node.forget(subject, block: block)
                return .forget(ForgetReport(subject: subject, erasedRecords: erased, isBlocked: block))
            case .unblock(let subject):
                try await node.unblock(subject)
                return .forget(ForgetReport(subject: subject, erasedRecords: 0, isBlocked: false))
            }
        } catch {
            return .failure(error)
        }
    }
    private func pins(changed: Bool) async throws(NodeError) -> ControlReply {
        .pins(PinsReport(pins: try await node.pins(), changed: changed, health: try await node.replicaHealth()))
    }
}
