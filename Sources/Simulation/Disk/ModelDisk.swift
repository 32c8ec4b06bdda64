internal import DHTCore
internal import IPv8
internal import Kademlia

/// The behaviour of a disk.
package struct DiskConditions: Sendable {
    /// How long a sync takes.
    package var syncTime: ClosedRange<Duration> = .milliseconds(1)...Duration.milliseconds(5)
    /// The share of syncs that take a hundred times as long.
    package var stalls = 0.0
    /// Whether the disk is full.
    package var isFull = false
    /// Whether writes fail.
    package var fails = false

    package init() {}
}

/// Writes changes in groups: all that arrived while the last group was being written. A crash loses everything that was
/// not synced.
struct ModelDisk {
    let storage: any Storage
    var conditions: DiskConditions
    private let sabotage: Set<Sabotage>
    private var waiting: [Item] = []
    private var writing: [Item] = []
    /// After a failed write, nothing is written until a restart.
    private var hasFailed = false

    private struct Item {
        let change: StorageChange
        let completion: Completion
    }

    /// Who gets the result of a change.
    enum Completion {
        /// Nobody.
        case none
        /// The node, which continues its work.
        case node(WorkID)
        /// An operator, through their tool.
        case tool
    }

    /// The results of changes that somebody waits for.
    struct Written {
        var outcomes: [(id: WorkID, outcome: CommitOutcome)] = []
        /// Operators' changes that are durable now.
        var changes: [StorageChange] = []
    }

    init(_ storage: any Storage, _ conditions: DiskConditions, sabotage: Set<Sabotage>) {
        self.storage = storage
        self.conditions = conditions
        self.sabotage = sabotage
    }

    /// Whether a sync is under way.
    var isWriting: Bool { !writing.isEmpty }
    /// Whether nothing can be written or deleted.
    var isBroken: Bool { hasFailed || conditions.fails }

    /// Queues a change. Returns the duration of the sync that begins; `nil` if one is under way.
    mutating func add(
        _ change: StorageChange, _ completion: Completion, using generator: inout SeededGenerator
    ) -> Duration? {
        waiting.append(Item(change: change, completion: completion))
        return writing.isEmpty ? begin(using: &generator) : nil
    }

    private mutating func begin(using generator: inout SeededGenerator) -> Duration {
        writing = waiting
        waiting = []
        let usual = generator.duration(in: conditions.syncTime)
        return generator.happens(conditions.stalls) ? usual * 100 : usual
    }

    /// The sync has ended. Returns the results, and the duration of the next sync, if there is one.
    mutating func finish(
        at now: Instant, using generator: inout SeededGenerator
    ) -> (written: Written, next: Duration?) {
        let items = writing
        writing = []
        let written = write(items, at: now)
        return (written, waiting.isEmpty ? nil : begin(using: &generator))
    }

    private mutating func write(_ items: [Item], at now: Instant) -> Written {
        hasFailed = hasFailed || conditions.fails
        guard !hasFailed else { return Self.written(items) { _ in .failed } }
        guard !conditions.isFull else { return Self.written(items) { _ in .refused } }
        guard let outcomes = storage.commit(items.map { stored($0.change) }, at: now) else {
            hasFailed = true
            return Self.written(items) { _ in .failed }
        }
        return Self.written(items) { outcomes[$0] }
    }

    private static func written(_ items: [Item], _ outcome: (Int) -> CommitOutcome) -> Written {
        var written = Written()
        for (number, item) in items.enumerated() {
            let outcome = outcome(number)
            switch item.completion {
            case .none: continue
            case .node(let id): written.outcomes.append((id, outcome))
            case .tool: if outcome == .held { written.changes.append(item.change) }
            }
        }
        return written
    }

    /// The change to write. With sabotaged withdrawals, one that withdraws nothing.
    private func stored(_ change: StorageChange) -> StorageChange {
        guard sabotage.contains(.forgetsWithdrawals), case .withdraw(_, let entry) = change else { return change }
        return .withdraw(Target(hashing: "nothing"), entry)
    }

    /// The power is cut. The group that was being written may be on disk as a whole, but nobody knows.
    mutating func crash(at now: Instant, using generator: inout SeededGenerator) {
        if !writing.isEmpty, !hasFailed, !conditions.fails, !conditions.isFull, generator.happens(0.5),
            !sabotage.contains(.acknowledgesEarly)
        {
            _ = storage.commit(writing.map { stored($0.change) }, at: now)
        }
        writing = []
        waiting = []
        hasFailed = false
        storage.powerLost()
    }
}
