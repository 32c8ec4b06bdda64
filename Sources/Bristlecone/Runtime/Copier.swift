internal import NIOPosix

/// Makes backups, one at a time, on a thread of its own: they take as long as the disk needs.
final class Copier: Sendable {
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() { thread.start() }

    /// Does what may take long.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(BackupError) -> Value
    ) async throws(BackupError) -> Value {
        let result = try? await thread.runIfActive {
            Result { () throws(BackupError) in try body() }
        }
        guard let result else { throw .archive("The node is stopping; start it again and repeat.") }
        return try result.get()
    }

    /// Waits for the copy that is being made, and ends the thread.
    func shutdown() async { try? await thread.shutdownGracefully() }
}
