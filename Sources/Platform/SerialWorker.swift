internal import Dispatch
internal import Synchronization

/// Does one piece of work after the other, in the order of their arrival, away from the thread that asks for it.
///
/// Work may wait for the disk: nobody else uses this worker's thread. When the worker stops, the work under way ends and
/// whatever still waits is dropped. The caller bounds how much may wait.
package final class SerialWorker: Sendable {
    private let queue: any WorkQueue
    private let flag = Atomic(false)

    /// - Parameters:
    ///   - name: shown by debuggers.
    ///   - isBackground: whether its work may wait while others need the processors. See ``ThreadPriority``.
    package init(_ name: String, isBackground: Bool = false) {
        queue = isBackground ? LoweredThread(name) : DispatchQueue(label: "bristlecone.\(name)")
    }

    /// Adds work.
    ///
    /// - Parameter dropped: called instead, on the worker's thread, if the worker stops first.
    package func submit(
        _ work: @escaping @Sendable () -> Void, ifStopped dropped: @escaping @Sendable () -> Void = {}
    ) {
        queue.add { [self] in isStopping ? dropped() : work() }
    }

    /// Adds work after some time, unless the worker stops first.
    package func submit(after delay: Duration, _ work: @escaping @Sendable () -> Void) {
        SerialWorker.clock.asyncAfter(deadline: .now() + delay / .seconds(1)) { [self] in submit(work) }
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

    private static let clock = DispatchQueue(label: "bristlecone.later")

    /// Drops the work that waits, and whatever is added from now on.
    package func endSoon() { flag.store(true, ordering: .releasing) }

    /// Drops the work that waits, and returns once the work under way has ended.
    package func stop() async {
        endSoon()
        await withCheckedContinuation { continuation in queue.add { continuation.resume() } }
    }
}

/// Where the work of a worker waits for its thread.
private protocol WorkQueue: Sendable {
    func add(_ work: @escaping @Sendable () -> Void)
}

extension DispatchQueue: WorkQueue {
    fileprivate func add(_ work: @escaping @Sendable () -> Void) { async(execute: work) }
}

/// A thread of its own, of a lower priority.
///
/// libdispatch has queues for that, but an ordinary user may not raise a priority again. Its threads do the work of one queue
/// after that of another, so before long they would all be low.
private final class LoweredThread: WorkQueue {
    private let waiting = Waiting()

    /// What the thread has, which ends with the last of its work.
    private final class Waiting: Sendable {
        /// `nil` ends the thread.
        let work = Mutex<[(@Sendable () -> Void)?]>([])
        let count = DispatchSemaphore(value: 0)

        func add(_ work: (@Sendable () -> Void)?) {
            self.work.withLock { $0.append(work) }
            count.signal()
        }

        func next() -> (@Sendable () -> Void)? {
            count.wait()
            return work.withLock { $0.removeFirst() }
        }
    }

    init(_ name: String) {
        ThreadPriority.beginLoweredThread(name) { [waiting] in
            while let work = waiting.next() { work() }
        }
    }

    deinit { waiting.add(nil) }

    func add(_ work: @escaping @Sendable () -> Void) { waiting.add(work) }
}
