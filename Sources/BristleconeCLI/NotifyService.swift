internal import Bristlecone
internal import Platform
internal import ServiceLifecycle

/// Tells the service manager that the node has started, how it is, and that it still lives: a node that hangs gets no more
/// signs of life, and the manager restarts it.
struct NotifyService: Service {
    let node: BristleconeNode
    let manager: ServiceManager

    /// How often the node's health is looked at; more often if the manager wants a sign of life sooner.
    private static let interval: Duration = .seconds(5)

    func run() async throws {
        manager.tell(["READY=1", "STATUS=\(statusLine)"])
        let interval = min(manager.watchdog.map { $0 / 2 } ?? NotifyService.interval, NotifyService.interval)
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil {
                let health = node.health
                let isWatched = manager.watchdog != nil && health.isLive
                manager.tell(["STATUS=\(statusLine)"] + (isWatched ? ["WATCHDOG=1"] : []))
            }
        }
        manager.tell(["STOPPING=1", "STATUS=Stopping."])
    }

    private var statusLine: String { node.health.reasons.first?.message ?? "Ready." }
}
