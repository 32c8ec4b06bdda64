internal import DHTCore
public import IPv8
internal import Synchronization

/// Something that has happened in a node. Later versions may have more cases, so a switch needs a default.
public enum NodeEvent: Sendable, Hashable {
    /// A peer has become a contact: it answered this node itself.
    case contactAdded(NodeInfo)
    /// A contact has been dropped, mostly because it fell silent.
    case contactLost(NodeInfo)
    /// A value is on disk that was not there before, or that replaces an earlier version. An unsigned value has neither
    /// signer nor version.
    case valueStored(key: Target, signer: Mid?, version: UInt32?)
    /// The problems that the operator has to do something about have changed; empty if there are none left. The same
    /// sentences are in ``NodeStatus/problems``.
    case healthChanged(problems: [String])
    /// The reader of the events was too slow: this many were dropped, the oldest first.
    case missed(count: Int)
}

/// The events of a node from the moment at which they were asked for, until the node ends.
///
/// Each sequence has a buffer of its own, and one reader.
public struct NodeEvents: AsyncSequence, Sendable {
    fileprivate let stream: AsyncStream<NodeEvent>
    fileprivate let missed: MissedCount

    /// Reads one event after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var events: AsyncStream<NodeEvent>.Iterator
        fileprivate let missed: MissedCount

        /// The next event; `nil` when the node has ended or the task is cancelled.
        public mutating func next() async -> NodeEvent? {
            let count = missed.take()
            return count > 0 ? .missed(count: count) : await events.next()
        }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(events: stream.makeAsyncIterator(), missed: missed) }
}

/// How many events a slow reader has missed since it was last told.
private final class MissedCount: Sendable {
    private let count = Atomic(0)

    func add() { count.wrappingAdd(1, ordering: .relaxed) }
    func take() -> Int { count.exchange(0, ordering: .relaxed) }
}

/// Hands events to everybody who reads them.
final class EventHub: Sendable {
    private struct Reader {
        let continuation: AsyncStream<NodeEvent>.Continuation
        let missed: MissedCount
    }

    private struct Readers {
        var all: [Int: Reader] = [:]
        var count = 0
        var isClosed = false
    }

    private let readers = Mutex(Readers())
    private let hasReaders = Atomic(false)

    /// Whether anybody reads; asked before an event is made, for each stored value.
    var isRead: Bool { hasReaders.load(ordering: .relaxed) }

    /// The events from now on.
    ///
    /// - Parameter bufferSize: how many may wait for the reader; then the oldest are dropped.
    func events(bufferSize: Int) -> NodeEvents {
        let (stream, continuation) = AsyncStream.makeStream(
            of: NodeEvent.self, bufferingPolicy: .bufferingNewest(max(1, bufferSize)))
        let missed = MissedCount()
        let number = readers.withLock { readers -> Int? in
            guard !readers.isClosed else { return nil }
            readers.count += 1
            readers.all[readers.count] = Reader(continuation: continuation, missed: missed)
            hasReaders.store(true, ordering: .relaxed)
            return readers.count
        }
        guard let number else {
            continuation.finish()
            return NodeEvents(stream: stream, missed: missed)
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return NodeEvents(stream: stream, missed: missed)
    }

    func send(_ event: NodeEvent) {
        guard isRead else { return }
        let readers = readers.withLock { Array($0.all.values) }
        for reader in readers {
            if case .dropped = reader.continuation.yield(event) { reader.missed.add() }
        }
    }

    /// Ends all sequences, once what waits in them has been read.
    func close() {
        let readers = readers.withLock { readers in
            readers.isClosed = true
            return Array(readers.all.values)
        }
        for reader in readers { reader.continuation.finish() }
    }

    private func remove(_ number: Int) {
        readers.withLock { readers in
            readers.all[number] = nil
            hasReaders.store(!readers.all.isEmpty, ordering: .relaxed)
        }
    }
}
