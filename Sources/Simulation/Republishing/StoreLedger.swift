package import IPv8

/// The stores on the ``StillNode``s of a world: which node has which key, and for how long.
package final class StoreLedger {
    /// Stores that were acknowledged.
    package private(set) var storeCount = 0
    /// Stores of a key on a node that had stored it less than half an hour before.
    package private(set) var repeatCount = 0
    /// Requests that were dropped because their sender asked too often.
    package internal(set) var refusedCount = 0
    /// Keys that do not have enough replicas yet.
    package private(set) var awaited: Set<Target> = []
    /// When the last of them got enough.
    package private(set) var completedAt: Instant?

    private var holders: [Target: [Holder]] = [:]
    private let copies: Int

    private struct Holder {
        let place: Int32
        var storedAt: Instant
        var until: Instant
    }

    private static let repeatedWithin: Duration = .seconds(1800)

    /// - Parameter copies: how many replicas are enough.
    init(copies: Int = 8) { self.copies = copies }

    /// Records a replica.
    func note(_ target: Target, on place: Int, at now: Instant, until: Instant) {
        storeCount += 1
        var isKnown = false
        for index in holders[target, default: []].indices where holders[target]?[index].place == Int32(place) {
            isKnown = true
            if let last = holders[target]?[index], now - last.storedAt < StoreLedger.repeatedWithin {
                repeatCount += 1
            }
            holders[target]?[index].storedAt = now
            holders[target]?[index].until = until
        }
        if !isKnown {
            holders[target]?.removeAll { $0.until <= now }
            holders[target, default: []].append(Holder(place: Int32(place), storedAt: now, until: until))
        }
        guard !awaited.isEmpty, awaited.contains(target), copyCount(of: target, at: now) >= copies else { return }
        awaited.remove(target)
        completedAt = now
    }

    /// Waits until these keys have enough replicas.
    package func wait(for targets: some Sequence<Target>, at now: Instant) {
        awaited = Set(targets.filter { copyCount(of: $0, at: now) < copies })
        completedAt = awaited.isEmpty ? now : nil
    }

    /// The number of replicas of a key.
    package func copyCount(of target: Target, at now: Instant) -> Int {
        holders[target]?.count { $0.until > now } ?? 0
    }

    /// The nodes with a replica of a key.
    package func places(of target: Target, at now: Instant) -> [Int] {
        holders[target]?.filter { $0.until > now }.map { Int($0.place) } ?? []
    }
}
