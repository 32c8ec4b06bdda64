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

    private func run() {
        let begun = SystemClock.sinceBoot
        let result = Result { () throws(ArchiveError) in try count() }
        let now = SystemClock.sinceBoot
        state.withLock { $0 = State(last: result, cost: now - begun, ended: now) }
    }

    /// The figure, as of a moment ago if the archive is large.
    func value() async throws(NodeError) -> Value {
        let known = state.withLock { state -> (last: Result<Value, ArchiveError>?, isDue: Bool, isCheap: Bool) in
            let isDue = SystemClock.sinceBoot - state.ended >= state.cost * Recount.pause
            return (state.last, isDue, state.cost < Recount.awaitedMax)
        }
        if known.isDue || known.last == nil { begin() }
        var result = known.last
        if result == nil || known.isDue && known.isCheap {
            // The worker does one thing after the other, so the count is done when this is.
            await worker.run {}
            result = state.withLock(\.last)
        }
        guard let result else { throw NodeError.notRunning }
        do throws(ArchiveError) {
            return try result.get()
        } catch {
            throw NodeError(error)
        }
    }
}
