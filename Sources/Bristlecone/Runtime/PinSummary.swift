internal import Archive

/// Decides when the log tells how many pinned keys may get lost: once in a round, and only if that has changed.
struct PinSummary {
    private var told: (few: Int, none: Int) = (0, 0)
    private var toldAt: Duration?

    /// The sentence to log now; `nil` for none.
    ///
    /// - Parameters:
    ///   - now: how long the machine has been up.
    ///   - round: how long it takes until every pinned key has been looked for.
    mutating func next(_ pins: PinnedReplicas, at now: Duration, round: Duration) -> String? {
        guard (pins.few, pins.none) != told else { return nil }
        if let toldAt, now - toldAt < round { return nil }
        told = (pins.few, pins.none)
        toldAt = now
        let all = pins.enough + pins.few + pins.none + pins.unknown
        guard pins.few + pins.none > 0 else {
            return
                "All pinned keys that were looked for have \(UpkeepKeeper.copiesMin) replicas or more in the DHT again."
        }
        return
            "Of \(all) pinned keys, \(pins.few) have fewer than \(UpkeepKeeper.copiesMin) replicas in the DHT, and \(pins.none) have "
            + "none. \"bristlecone pin list\" names them."
    }
}
