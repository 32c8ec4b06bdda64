internal import IPv8
internal import Kademlia

/// Holds every sender of requests to what the protocol allows: 10 in 5 seconds.
///
/// Only requests with a valid signature count, so that nobody uses up another's allowance.
struct FloodLimiter: Sendable {
    private var senders: [NodeID: RecentTimes] = [:]

    /// How many requests a sender may make in an interval (the reference's `NODE_LIMIT_QUERIES`).
    static let requestsMax = 10
    /// The interval (the reference's `NODE_LIMIT_INTERVAL`).
    static let interval: Duration = .seconds(5)
    /// How many senders are kept count of; beyond that, who was quiet longest is forgotten.
    static let sendersMax = 16_384

    /// Whether a sender has used up its allowance.
    func isBlocked(_ id: NodeID, at now: Instant) -> Bool {
        guard let times = senders[id] else { return false }
        return times.count(since: now - FloodLimiter.interval) >= FloodLimiter.requestsMax
    }

    /// Counts a request; `false` where the sender has used up its allowance.
    mutating func admit(_ id: NodeID, at now: Instant) -> Bool {
        if senders[id] == nil, senders.count >= FloodLimiter.sendersMax { forgetQuiet(at: now) }
        return senders[id, default: RecentTimes()]
            .admit(at: now, max: FloodLimiter.requestsMax, since: now - FloodLimiter.interval)
    }

    private mutating func forgetQuiet(at now: Instant) {
        senders = senders.filter { $0.value.count(since: now - FloodLimiter.interval) > 0 }
        // Everybody spoke within the interval: start over rather than grow.
        if senders.count >= FloodLimiter.sendersMax { senders.removeAll() }
    }
}
