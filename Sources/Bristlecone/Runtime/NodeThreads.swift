internal import Archive
internal import IPv8
internal import Logging
internal import NIOCore
internal import NIOPosix

/// All threads of a node: one event loop, a pool for signatures and reads, one that writes the archive, and one that
/// keeps its index.
struct NodeThreads: Sendable {
    private let group: MultiThreadedEventLoopGroup
    let workshop: Workshop
    let writer: NIOThreadPool
    let index: IndexKeeper

    init(
        group: MultiThreadedEventLoopGroup, archive: Archive, key: PrivateKey, settings: NodeSettings, logger: Logger
    ) {
        self.group = group
        workshop = Workshop(
            threadCount: settings.threads > 0 ? settings.threads : System.coreCount, key: key, archive: archive)
        writer = NIOThreadPool(numberOfThreads: 1)
        writer.start()
        index = IndexKeeper(archive: archive, logger: logger)
    }

    /// Ends them all, in the order in which they hand work to each other.
    func shutdown() async {
        await workshop.shutdown()
        try? await writer.shutdownGracefully()
        await index.shutdown()
        try? await group.shutdownGracefully()
    }
}
