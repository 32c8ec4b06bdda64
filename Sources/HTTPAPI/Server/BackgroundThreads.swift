internal import NIOCore
internal import NIOPosix
internal import Platform

/// What requests over TCP run on: threads of their own, of a lower priority than all others of the node.
///
/// Anybody who can connect may send requests as fast as the node answers them. The node's other threads, which answer the
/// overlay, then come first, and the requests get the time that is left.
final class BackgroundThreads: TaskExecutor {
    /// Reads and writes the connections.
    let group: MultiThreadedEventLoopGroup
    /// Does what a request asks for. A handler that waits for the disk keeps only one of the threads.
    private let pool: NIOThreadPool
    /// Whether their priority is lower, as far as this process may lower it.
    let areLowered: Bool

    private static let threadsMin = 2

    /// All of them are idle until a listener uses them.
    static func begin() async -> BackgroundThreads {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let pool = NIOThreadPool(numberOfThreads: max(threadsMin, System.coreCount))
        // Threads begin with the priority of the one that begins them.
        let areLowered = try? await group.next().submit {
            defer { pool.start() }
            return ThreadPriority.lower()
        }.get()
        return BackgroundThreads(group, pool, areLowered: areLowered ?? false)
    }

    private init(_ group: MultiThreadedEventLoopGroup, _ pool: NIOThreadPool, areLowered: Bool) {
        self.group = group
        self.pool = pool
        self.areLowered = areLowered
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that has ended does not drop work but does it at once.
        pool.submit { [self] _ in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Ends the threads, after everything that runs on them.
    func shutdown() async {
        try? await group.shutdownGracefully()
        try? await pool.shutdownGracefully()
    }
}
