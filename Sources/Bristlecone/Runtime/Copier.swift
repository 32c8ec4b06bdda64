internal import NIOPosix
internal import Synchronization

/// Makes backups, one at a time, on a thread of its own: they take as long as the disk needs.
final class Copier: Sendable {
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let isStopping = Atomic(false)

    init() { thread.start() }

    /// Does what may take long.
    ///
    /// - Parameter body: is given a way to ask whether it is to give up.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isStopped: @escaping @Sendable () -> Bool) throws(BackupError) -> Value
    ) async throws(BackupError) -> Value {
        let result = try? await thread.runIfActive {
            Result { () throws(BackupError) in try body { self.isStopping.load(ordering: .relaxed) } }
        }
        switch result {
        case .success(let value)?: return value
        case .failure(let error)? where !isStopping.load(ordering: .relaxed): throw error
        case .failure?, nil: throw .archive("The node is stopping; start it again and repeat.")
        }
    }

    /// Has the copy that is being made given up.
    func endSoon() { isStopping.store(true, ordering: .relaxed) }

    /// Waits for it, and ends the thread.
    func shutdown() async {
        endSoon()
        try? await thread.shutdownGracefully()
    }
}
