internal import Archive
internal import DHTCore
internal import IPv8
internal import Synchronization

/// Stores values on other nodes that are on this node's disk already, a few at a time, in the background.
///
/// What does not fit into its queue, or waits there when the node stops, is not lost: the republisher stores everything
/// that was published here on other nodes within an interval.
final class BulkPublisher: Sendable {
    /// A value that is waiting.
    struct Item: Sendable {
        let target: Target
        let entry: Entry
    }

    private struct State {
        var waiting: [Item] = []
        var underWay = 0
        var isEnded = false
    }

    private let loop: NodeLoop
    private let archive: Archive
    private let state = Mutex(State())

    /// How many values may wait.
    private static let waitingMax = 65_536
    /// How many are stored at once: few enough to leave most lookups to everybody else.
    private static let atOnceMax = 8

    init(_ loop: NodeLoop, _ archive: Archive) { (self.loop, self.archive) = (loop, archive) }

    /// Whether it has nothing to do.
    var isIdle: Bool { state.withLock { $0.underWay == 0 } }

    /// Adds values, as many as fit.
    ///
    /// - Returns: how many.
    func add(_ items: [Item]) -> Int {
        let (count, starting) = state.withLock { state in
            guard !state.isEnded else { return (0, 0) }
            let count = min(items.count, BulkPublisher.waitingMax - state.waiting.count)
            // The last one is taken first: no array moves, and the order means nothing.
            state.waiting += items.prefix(count)
            let starting = min(BulkPublisher.atOnceMax - state.underWay, state.waiting.count)
            state.underWay += starting
            return (count, starting)
        }
        for _ in 0..<starting { Task { await work() } }
        return count
    }

    /// Drops what is waiting.
    func end() {
        state.withLock { state in
            state.isEnded = true
            state.waiting.removeAll()
        }
    }

    private func work() async {
        while let item = next() {
            // While it waited, it may have been withdrawn or forgotten.
            guard (try? archive.isPublished(item.entry, under: item.target)) == true else { continue }
            _ = await loop.run(.spread(item.target, item.entry))
        }
    }

    private func next() -> Item? {
        state.withLock { state in
            if state.waiting.isEmpty { state.underWay -= 1 }
            return state.waiting.popLast()
        }
    }
}
