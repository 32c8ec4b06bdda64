internal import DHTCore
public import ServiceLifecycle

/// Waiting for the network.
extension BristleconeNode {
    private static let lookEvery: Duration = .milliseconds(50)

    /// Waits until the node knows others. A node that has just been started knows nobody: what it stores stays with it
    /// alone, and it finds nothing but its own values.
    ///
    /// - Parameters:
    ///   - count: how many contacts to wait for. With one, the node can find the others.
    ///   - patience: how long to wait at most.
    public func waitForContacts(_ count: Int = 1, within patience: Duration = .seconds(30)) async throws(NodeError) {
        let deadline = ContinuousClock.now + patience
        while true {
            guard let snapshot = await loop.snapshot() else { throw NodeError(unfinished: nil) }
            let known = snapshot.endpoints.reduce(0) { $0 + $1.contacts.count }
            if known >= count { return }
            guard ContinuousClock.now < deadline else {
                throw NodeError(
                    .nobodyAnswered,
                    "The node has \(known) contacts after \(patience); check that its peers or bootstrap servers are "
                        + "running.")
            }
            do {
                try await Task.sleep(for: BristleconeNode.lookEvery)
            } catch {
                throw NodeError(unfinished: nil)
            }
        }
    }
}

/// A node as a part of a service group: it ends when the group does.
extension BristleconeNode: Service {
    /// Waits until the group shuts down or the task is cancelled, and then stops the node. When this returns, everything
    /// acknowledged is on disk.
    public func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }
}
