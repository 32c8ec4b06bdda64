internal import DHTCore
internal import IPv8
internal import Logging
internal import Maintenance

/// What is said if another node seems to use this node's identity.
struct TwinWarning {
    private var rare = RareWarning()
    /// How many packets had come at the last look.
    private var count = 0

    /// So long after the last packet the status tells of it.
    static let toldFor: Duration = .seconds(3600)

    /// What to say if there were more packets since the last look; `nil` if nothing is to be said now.
    mutating func next(_ twin: TwinSightings?, plus offset: Duration, at sinceBoot: Duration) -> String? {
        guard let twin, twin.count > count else { return nil }
        count = twin.count
        return rare.next(at: sinceBoot).map { TwinWarning.text(of: twin, plus: offset) + $0 }
    }

    static func text(of twin: TwinSightings, plus offset: Duration) -> String {
        "Another node seems to use this node's identity: \(twin.count) packets with its key came from elsewhere, the last from "
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
    /// Warns if packets with this node's own key came from elsewhere since the last look.
    func tellTwin() {
        let text = twins.next(node.twin, plus: clockOffset, at: ClockReading.now().sinceBoot)
        if let text { logger.error("\(text)") }
    }
}
