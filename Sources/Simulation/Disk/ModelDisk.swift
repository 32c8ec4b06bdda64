internal import DHTCore
internal import IPv8
internal import Kademlia

/// How a disk behaves.
package struct DiskConditions: Sendable {
    /// How long a sync takes.
    package var syncTime: ClosedRange<Duration> = .milliseconds(1)...Duration.milliseconds(5)
    /// The share of syncs that take a hundred times as long.
    package var stalls = 0.0
    /// Whether there is room for nothing new.
    package var isFull = false
    /// Whether writing fails.
    package var fails = false

    /// A disk in good order.
    package init() {}
}

/// Writes changes in groups, all that came while the last group was being written; at a crash, what was not synced is gone.
struct ModelDisk {
    let storage: any Storage
    var conditions: DiskConditions
    private let sabotage: Set<Sabotage>
    private var waiting: [Item] = []
    private var writing: [Item] = []
    /// Once writing has failed, nothing is written until a restart.
    private var hasFailed = false

    private struct Item {
        let change: StorageChange
        let completion: Completion
    }

    /// Who is told what became of a change.
    enum Completion {
        /// Nobody.
        case none
        /// The node, which goes on with a piece of work.
        case node(WorkID)
        /// An operator, by their tool.
        case tool
    }

    /// What became of the changes that somebody waits for.
    struct Written {
        var outcomes: [(id: WorkID, outcome: CommitOutcome)] = []
        /// What an operator wanted, and is durable.
        var changes: [StorageChange] = []
    }

    init(_ storage: any Storage, _ conditions: DiskConditions, sabotage: Set<Sabotage>) {
        self.storage = storage
        self.conditions = conditions
        self.sabotage = sabotage
    }

    /// Whether a sync is under way.
    var isWriting: Bool { !writing.isEmpty }
    /// Whether nothing can be written, and so nothing deleted.
    var isBroken: Bool { hasFailed || conditions.fails }

    /// Takes a change in. Returns how long the sync takes that it begins; `nil` if one is under way.
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

    /// The sync is over. Returns what became of each change, and how long the next sync takes, if there is one.
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

    /// What is written of a change; where the machine is to forget withdrawals, one of what was never published.
    private func stored(_ change: StorageChange) -> StorageChange {
        guard sabotage.contains(.forgetsWithdrawals), case .withdraw(_, let entry) = change else { return change }
        return .withdraw(Target(hashing: "nothing"), entry)
    }

    /// The power goes. What was being written may have reached the disk as a whole; nobody has heard of it.
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
