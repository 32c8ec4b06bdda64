internal import Glibc
internal import Platform
internal import Synchronization

/// Makes backups, one at a time, on a thread of its own: they take as long as the disk needs, and then as long again, because
/// the node shares the disk.
final class Copier: Sendable {
    private let worker = SerialWorker("copier", isBackground: true)

    /// Does what may take long.
    ///
    /// - Parameter body: is given a way to ask whether it is to give up. It asks after each small part, and the answer takes
    ///   as long as the part did, so that stores and finds have the disk for half of the time.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isStopped: @escaping @Sendable () -> Bool) throws(BackupError) -> Value
    ) async throws(BackupError) -> Value {
        let result = await worker.run { [worker] in
            let breaks = Breaks()
            return Result { () throws(BackupError) in
                try body {
                    breaks.take()
                    return worker.isStopping
                }
            }
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

/// Breaks that are as long as the work before them.
private final class Breaks: Sendable {
    private let resumedAt = Mutex(ContinuousClock.now)

    /// A part that took longer had to wait for the disk itself.
    private static let longest = Duration.milliseconds(250)

    func take() {
        let worked = ContinuousClock.now - resumedAt.withLock { $0 }
        usleep(UInt32(min(worked, Breaks.longest) / .microseconds(1)))
        resumedAt.withLock { $0 = .now }
    }
}
