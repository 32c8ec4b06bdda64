internal import Dispatch
internal import Synchronization

/// Does one piece of work after the other, in the order of their arrival, away from the thread that asks for it.
///
/// Work may wait for the disk: nobody else uses this worker's thread. When the worker stops, the work under way ends and
/// whatever still waits is dropped. The caller bounds how much may wait.
package final class SerialWorker: Sendable {
    private let queue: DispatchQueue
    private let flag = Atomic(false)

    /// - Parameter name: shown by debuggers.
    package init(_ name: String) { queue = DispatchQueue(label: "bristlecone.\(name)") }

    /// Adds work.
    ///
    /// - Parameter dropped: called instead, on the worker's thread, if the worker stops first.
    package func submit(
        _ work: @escaping @Sendable () -> Void, ifStopped dropped: @escaping @Sendable () -> Void = {}
    ) {
        queue.async { [self] in isStopping ? dropped() : work() }
    }

    /// Adds work and waits for its result; `nil` if the worker stops first.
    @discardableResult
    package func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            submit({ continuation.resume(returning: work()) }, ifStopped: { continuation.resume(returning: nil) })
        }
    }

    /// Whether the worker stops after the work under way. Work that takes long asks now and then, and gives up.
    package var isStopping: Bool { flag.load(ordering: .acquiring) }

    /// Drops the work that waits, and whatever is added from now on.
    package func endSoon() { flag.store(true, ordering: .releasing) }

    /// Drops the work that waits, and returns once the work under way has ended.
    package func stop() async {
        endSoon()
        await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
    }
}
