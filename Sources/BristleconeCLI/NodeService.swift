internal import Bristlecone
internal import ServiceLifecycle

/// Keeps a started node until the program is to end, and then stops it.
struct NodeService: Service {
    let node: BristleconeNode
    /// Called once signals are handled, so that whoever reads the greeting may send one.
    let greet: @Sendable () -> Void

    func run() async throws {
        greet()
        // Being cancelled means the same here: another service failed, and the node is to stop.
        try? await gracefulShutdown()
        await node.shutdown()
    }
}
