internal import Synchronization

/// The number of the last change, for those who wait for the next one. While nobody waits, a commit pays for two atomic
/// operations.
final class ChangeSignal: Sendable {
    private struct Waiters {
        var all: [Int: CheckedContinuation<Void, Never>] = [:]
        var count = 0
        var isClosed = false

        mutating func takeAll() -> [CheckedContinuation<Void, Never>] {
            defer { all.removeAll() }
            return Array(all.values)
        }
    }

    private let last = Atomic<UInt64>(0)
    private let hasWaiters = Atomic(false)
    private let waiters = Mutex(Waiters())

    /// Tells those who wait that there are changes up to a number.
    func advance(to number: UInt64) {
        last.store(number, ordering: .sequentiallyConsistent)
        guard hasWaiters.load(ordering: .sequentiallyConsistent) else { return }
        for waiter in takeAll() { waiter.resume() }
    }

    /// Nobody waits from now on.
    func close() {
        let all = waiters.withLock { waiters in
            waiters.isClosed = true
            return waiters.takeAll()
        }
        for waiter in all { waiter.resume() }
    }

    /// Returns when there is a change after a number, the task is cancelled, or the signal is closed.
    func wait(after number: UInt64) async {
        let place = waiters.withLock { waiters in
            waiters.count += 1
            return waiters.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if !add(continuation, at: place, after: number) { continuation.resume() }
            }
        } onCancel: {
            waiters.withLock { $0.all.removeValue(forKey: place) }?.resume()
        }
    }

    /// - Returns: whether there is something to wait for.
    private func add(_ continuation: CheckedContinuation<Void, Never>, at place: Int, after number: UInt64) -> Bool {
        waiters.withLock { waiters in
            hasWaiters.store(true, ordering: .sequentiallyConsistent)
            // A change after this look finds the mark, and waits for the lock.
            guard !waiters.isClosed, !Task.isCancelled, last.load(ordering: .sequentiallyConsistent) <= number else {
                if waiters.all.isEmpty { hasWaiters.store(false, ordering: .sequentiallyConsistent) }
                return false
            }
            waiters.all[place] = continuation
            return true
        }
    }

    private func takeAll() -> [CheckedContinuation<Void, Never>] {
        waiters.withLock { waiters in
            hasWaiters.store(false, ordering: .sequentiallyConsistent)
            return waiters.takeAll()
        }
    }
}
