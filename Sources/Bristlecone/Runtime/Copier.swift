internal import Platform

/// Makes backups, one at a time, on a thread of its own: they take as long as the disk needs.
final class Copier: Sendable {
    private let worker = SerialWorker("copier")

    /// Does what may take long.
    ///
    /// - Parameter body: is given a way to ask whether it is to give up.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isStopped: @escaping @Sendable () -> Bool) throws(BackupError) -> Value
    ) async throws(BackupError) -> Value {
        let result = await worker.run { [worker] in
            Result { () throws(BackupError) in try body { worker.isStopping } }
        }
        switch result {
        case .success(let value)?: return value
        case .failure(let error)? where !worker.isStopping: throw error
        case .failure?, nil: throw .nodeStopped
        }
    }

    /// Has the copy that is being made given up.
    func endSoon() { worker.endSoon() }

    /// Gives up the copy that is being made, and waits until that has ended.
    func shutdown() async { await worker.stop() }
}
