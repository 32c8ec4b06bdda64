internal import DHTCore
internal import IPv8

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
        let completion: WorkID?
    }

    init(_ storage: any Storage, _ conditions: DiskConditions, sabotage: Set<Sabotage>) {
        self.storage = storage
        self.conditions = conditions
        self.sabotage = sabotage
    }

    /// Whether a sync is under way.
    var isWriting: Bool { !writing.isEmpty }

    /// Takes a change in. Returns how long the sync takes that it begins; `nil` where one is under way.
    mutating func add(
        _ change: StorageChange, _ completion: WorkID?, using generator: inout SeededGenerator
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
    ) -> (outcomes: [(WorkID, CommitOutcome)], next: Duration?) {
        let written = writing
        writing = []
        let outcomes = write(written, at: now)
        return (outcomes, waiting.isEmpty ? nil : begin(using: &generator))
    }

    private mutating func write(_ items: [Item], at now: Instant) -> [(WorkID, CommitOutcome)] {
        hasFailed = hasFailed || conditions.fails
        guard !hasFailed else { return items.compactMap { $0.completion.map { ($0, .failed) } } }
        guard !conditions.isFull else { return items.compactMap { $0.completion.map { ($0, .refused) } } }
        guard let outcomes = storage.commit(items.map(\.change), at: now) else {
            hasFailed = true
            return items.compactMap { $0.completion.map { ($0, .failed) } }
        }
        return zip(items, outcomes).compactMap { item, outcome in item.completion.map { ($0, outcome) } }
    }

    /// The power goes. What was being written may have reached the disk as a whole; nobody has heard of it.
    mutating func crash(at now: Instant, using generator: inout SeededGenerator) {
        if !writing.isEmpty, !hasFailed, !conditions.fails, !conditions.isFull, generator.happens(0.5),
            !sabotage.contains(.acknowledgesEarly)
        {
            _ = storage.commit(writing.map(\.change), at: now)
        }
        writing = []
        waiting = []
        hasFailed = false
        storage.powerLost()
    }
}
