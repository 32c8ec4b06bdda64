internal import Archive
internal import Platform
internal import Synchronization

/// A figure whose count takes as long as the archive is large. It is counted anew when somebody asks, but never for more
/// than a small share of the time: whoever asks meanwhile gets the last count at once.
///
/// The first count begins with the node, so that it is there when somebody asks.
final class Recount<Value: Sendable>: Sendable {
    private let worker: SerialWorker
    private let count: @Sendable () throws(ArchiveError) -> Value
    private let state = Mutex(State())

    private struct State {
        var last: Result<Value, ArchiveError>?
        var cost = Duration.zero
        var ended = SystemClock.sinceBoot
        var isUnderWay = false
        /// Whether the count under way must not be the last.
        var isOutdated = false
    }

    /// A count that takes less is awaited.
    private static var awaitedMax: Duration { .milliseconds(50) }
    /// Between two counts passes this many times what the last one took.
    private static var pause: Int { 20 }

    init(on worker: SerialWorker, _ count: @escaping @Sendable () throws(ArchiveError) -> Value) {
        self.worker = worker
        self.count = count
    }

    /// Begins to count, unless a count is under way.
    func begin() {
        let isFirst = state.withLock { state in
            defer { state.isUnderWay = true }
            return !state.isUnderWay
        }
        guard isFirst else { return }
        worker.submit({ [self] in run() }, ifStopped: {})
    }

    /// Forgets the last count, because it was of something else, and counts anew.
    func restart() {
        state.withLock { state in
            state.last = nil
            state.isOutdated = state.isUnderWay
        }
        begin()
    }

    private func run() {
        var isOutdated = false
        repeat {
            let begun = SystemClock.sinceBoot
            let result = Result { () throws(ArchiveError) in try count() }
            let now = SystemClock.sinceBoot
            isOutdated = state.withLock { state in
                let isOutdated = state.isOutdated
                state = State(
                    last: isOutdated ? nil : result, cost: now - begun, ended: now, isUnderWay: isOutdated)
                return isOutdated
            }
        } while isOutdated
    }

    /// The figure, as of a moment ago if the archive is large.
    ///
    /// - Parameter patience: how long to wait for the first count; without it, until it is there.
    func value(within patience: Duration? = nil) async throws(NodeError) -> Value {
        let known = state.withLock { state -> (last: Result<Value, ArchiveError>?, isDue: Bool, isCheap: Bool) in
            let isDue = SystemClock.sinceBoot - state.ended >= state.cost * Recount.pause
            return (state.last, isDue, state.cost < Recount.awaitedMax)
        }
        if known.isDue || known.last == nil { begin() }
        var result = known.last
        if result == nil || known.isDue && known.isCheap {
            await countEnds(within: patience)
            result = state.withLock(\.last)
        }
        guard let result else { throw NodeError.notRunning }
        do throws(ArchiveError) {
            return try result.get()
        } catch {
            throw NodeError(error)
        }
    }

    /// Waits until the count under way has ended, or for as long as said.
    private func countEnds(within patience: Duration?) async {
        // The worker does one thing after the other, so the count is done when this is.
        guard let patience else { return await worker.run {} ?? () }
        await withCheckedContinuation { continuation in
            let waiting = WaitingTask(continuation)
            worker.submit({ waiting.resume() }, ifStopped: { waiting.resume() })
            Task {
                try? await Task.sleep(for: patience)
                waiting.resume()
            }
        }
    }
}

/// A task that waits for whichever of several things happens first.
private final class WaitingTask: Sendable {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = Mutex(continuation) }

    func resume() {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume()
    }
}
