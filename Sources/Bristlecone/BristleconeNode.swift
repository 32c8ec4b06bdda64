internal import Glibc
public import IPv8
internal import Kademlia
public import Logging

/// A running node.
///
/// This body only opens the data folder: the one with sockets and archive takes its place.
public final class BristleconeNode: Sendable {
    private let folder: DataFolder
    private let settings: NodeSettings
    private let started = ContinuousClock.now

    private init(_ folder: DataFolder, _ settings: NodeSettings) {
        self.folder = folder
        self.settings = settings
    }

    /// Starts a node with these settings.
    public static func start(_ settings: NodeSettings, logger: Logger) async throws(StartError) -> BristleconeNode {
        do {
            let folder = try DataFolder.open(settings.dataFolder)
            for warning in folder.warnings { logger.warning("\(warning)") }
            return BristleconeNode(folder, settings)
        } catch {
            throw StartError(error)
        }
    }

    /// Stores a value.
    public func storeValue(key: Target, data: [UInt8], signed: Bool) async throws(NodeError) -> StoreReport {
        throw BristleconeNode.notBuilt
    }

    /// Looks a key up in the network.
    public func findValues(key: Target) async throws(NodeError) -> FindReport { throw BristleconeNode.notBuilt }

    /// Looks a key up in the node's own archive.
    public func localValues(key: Target) async throws(NodeError) -> FindReport { throw BristleconeNode.notBuilt }

    /// Asks a node whether it is there.
    public func ping(_ address: Address) async throws(NodeError) -> PingReport { throw BristleconeNode.notBuilt }

    /// How the node is.
    public func status() async -> NodeStatus {
        NodeStatus(
            processID: getpid(), uptime: ContinuousClock.now - started, publicKey: folder.identity.publicKey,
            endpoints: settings.listen.map { address in
                EndpointStatus(
                    listen: address, external: nil,
                    nodeID: NodeID(host: address.host, mid: folder.identity.publicKey.mid), contacts: 0,
                    goodContacts: 0, buckets: 0)
            },
            contacts: [],
            archive: ArchiveStatus(values: 0, keys: 0, liveBytes: 0, mapBytes: 0, journalLast: 0, indexLast: 0),
            counters: [:])
    }

    /// Stops the node.
    public func shutdown() async { folder.close() }

    private static let notBuilt = NodeError("This part of the node is not built yet.", canRetry: false)
}
