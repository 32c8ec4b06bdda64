package import IPv8

/// What has been stored on the ``StillNode``s of a world: who holds which key, and for how long.
package final class StoreLedger {
    /// Stores that were acknowledged.
    package private(set) var storeCount = 0
    /// Stores of a key on a node that had it stored less than half an hour before.
    package private(set) var repeatCount = 0
    /// Requests that were dropped because their sender had asked too often.
    package internal(set) var refusedCount = 0
    /// Keys that are waited for to be held by enough nodes again.
    package private(set) var awaited: Set<Target> = []
    /// When the last of them was.
    package private(set) var completedAt: Instant?

    private var holders: [Target: [Holder]] = [:]
    private let copies: Int

    private struct Holder {
        let place: Int32
        var storedAt: Instant
        var until: Instant
    }

    private static let repeatedWithin: Duration = .seconds(1800)

    /// - Parameter copies: how many nodes are enough.
    init(copies: Int = 8) { self.copies = copies }

    /// Has a key count as held by a node.
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

    /// Waits for these keys to be held by enough nodes; those that are, are not waited for.
    package func wait(for targets: some Sequence<Target>, at now: Instant) {
        awaited = Set(targets.filter { copyCount(of: $0, at: now) < copies })
        completedAt = awaited.isEmpty ? now : nil
    }

    /// How many nodes hold a key.
    package func copyCount(of target: Target, at now: Instant) -> Int {
        holders[target]?.count { $0.until > now } ?? 0
    }

    /// Where a key is held.
    package func places(of target: Target, at now: Instant) -> [Int] {
        holders[target]?.filter { $0.until > now }.map { Int($0.place) } ?? []
    }
}
