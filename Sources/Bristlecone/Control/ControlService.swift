internal import IPv8
public import Logging
public import ServiceLifecycle

/// Lets programs on the same machine use a node, through the control socket in its data folder.
public struct ControlService: Service {
    private let node: BristleconeNode
    private let server: ControlServer
    private let logger: Logger

    /// Makes the socket, so that the node can be talked to as soon as ``run()`` is called.
    public init(node: BristleconeNode, dataFolder: String, logger: Logger) throws(ControlError) {
        self.node = node
        self.logger = logger
        server = try ControlServer.bind(inDataFolder: dataFolder)
    }

    /// Answers until the program is to end.
    public func run() async throws {
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
                let level = signed ? await node.status().publicKey.level : nil
                if let refusal = ValueLimit.refusal(byteCount: data.count, signedWith: level) {
                    return .failure(refusal, canRetry: false)
                }
                return .store(try await node.storeValue(key: key, data: data, signed: signed))
            case .find(let key): return .find(try await node.findValues(key: key))
            case .findLocal(let key): return .find(try await node.localValues(key: key))
            case .ping(let address): return .ping(try await node.ping(address))
            case .connect(let mid, let address):
                return .connect(try await node.connectPeer(mid: mid, knownAddress: address))
            case .backup(let folder): return .backup(try await node.backUp(to: folder))
            case .plan: return .plan(try await node.plan())
            case .pins: return .pins(try await node.pins())
            case .pin(let subject): return .pins(try await node.pin(subject))
            case .unpin(let subject): return .pins(try await node.unpin(subject))
            case .withdraw(let key): return .withdraw(try await node.withdraw(key))
            case .forget(let subject, let block): return .forget(try await node.forget(subject, block: block))
            case .unblock(let subject): return .forget(try await node.unblock(subject))
            }
        } catch {
            return .failure(error.message, canRetry: error.canRetry)
        }
    }
}
