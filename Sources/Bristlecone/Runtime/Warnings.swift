internal import Archive
internal import DHTCore
internal import IPv8
internal import Logging
internal import Maintenance

/// A warning that may be due with every packet, and is given once in ten minutes.
struct RareWarning {
    private var given: Duration?
    private var untold = 0

    private static let interval: Duration = .seconds(600)

    /// How often it was due since it was last given, as words to put behind it; `nil` where it is not to be given now.
    ///
    /// - Parameter now: how long the machine has been up.
    mutating func next(at now: Duration) -> String? {
        if let given, now - given < RareWarning.interval {
            untold += 1
            return nil
        }
        defer { (given, untold) = (now, 0) }
        return untold == 0 ? "" : " (and \(untold) times more since it was last told)"
    }
}

/// What is said if another node uses this node's identity.
struct TwinWarning {
    private var rare = RareWarning()
    /// How many answers had come at the last look.
    private var count = 0

    /// So long after the last answer the status tells of it.
    static let toldFor: Duration = .seconds(3600)

    /// What to say if there were more answers since the last look; `nil` if nothing is to be said now.
    mutating func next(_ twin: TwinSightings?, plus offset: Duration, at sinceBoot: Duration) -> String? {
        guard let twin, twin.count > count else { return nil }
        count = twin.count
        return rare.next(at: sinceBoot).map { TwinWarning.text(of: twin, plus: offset) + $0 }
    }

    static func text(of twin: TwinSightings, plus offset: Duration) -> String {
        "Another node uses this node's identity: \(twin.count) answers with its key came from elsewhere, the last from "
            + "\(twin.address) at \((twin.lastSeen + offset).iso8601(fractionDigits: 0)). Two nodes with one identity lose each "
            + "other's answers: stop one of them and give it an identity of its own with \"bristlecone key rotate\"."
    }
}

extension BristleconeNode {
    var twinWarning: String? {
        guard let twin = observer.pulse.vitals.twin, loop.now - twin.lastSeen < TwinWarning.toldFor else { return nil }
        return TwinWarning.text(of: twin, plus: loop.clockOffset)
    }
}

extension NodeLoop {
    /// Warns if another node answered with this node's own key since the last look.
    func tellTwin() {
        let text = twins.next(node.twin, plus: clockOffset, at: ClockReading.now().sinceBoot)
        if let text { logger.error("\(text)") }
    }
}

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
                "All pinned keys that were looked for have \(RepublishKeeper.copiesMin) replicas or more in the DHT again."
        }
        return
            "Of \(all) pinned keys, \(pins.few) have fewer than \(RepublishKeeper.copiesMin) replicas in the DHT, and \(pins.none) have "
            + "none. \"bristlecone pin list\" names them."
    }
}
