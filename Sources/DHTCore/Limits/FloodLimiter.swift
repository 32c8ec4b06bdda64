internal import IPv8

/// Holds every sender of requests to what it may ask in 5 seconds.
///
/// Only requests with a valid signature count, and each only once, so that nobody uses up another's allowance.
struct FloodLimiter<Sender: Hashable & Sendable>: Sendable {
    private var senders: [Sender: RecentTimes] = [:]
    private var tidying = Tidying(countMax: FloodLimiter.sendersMax)
    private let requestsMax: Int

    /// The interval (the reference's `NODE_LIMIT_INTERVAL`).
    private static var interval: Duration { .seconds(5) }
    /// How many senders are kept count of.
    private static var sendersMax: Int { 16_384 }

    /// - Parameter requestsMax: how many requests a sender may make in an interval; for a node, the reference's
    ///   `NODE_LIMIT_QUERIES` is 10.
    init(requestsMax: Int) { self.requestsMax = requestsMax }

    /// How many senders are kept count of.
    var count: Int { senders.count }

    /// Whether a sender has used up its allowance.
    func isBlocked(_ sender: Sender, at now: Instant) -> Bool {
        guard let times = senders[sender] else { return false }
        return times.count(since: now - FloodLimiter.interval) >= requestsMax
    }

    /// Counts a request; `false` where the sender has used up its allowance.
    mutating func admit(_ sender: Sender, at now: Instant) -> Bool {
        if tidying.isDue(senders.count), senders[sender] == nil {
            forgetQuiet(at: now)
            tidying.done(senders.count)
        }
        return senders[sender, default: RecentTimes()]
            .admit(at: now, max: requestsMax, since: now - FloodLimiter.interval)
    }

    /// Forgets who has asked nothing within the interval or, where too many have, all who still have some of their
    /// allowance. Who has used it up stays blocked, unless even they are too many: then those who asked last do.
    private mutating func forgetQuiet(at now: Instant) {
        let start = now - FloodLimiter.interval
        senders = senders.filter { $0.value.count(since: start) > 0 }
        guard tidying.leavesTooMany(senders.count) else { return }
        senders = senders.filter { $0.value.count(since: start) >= requestsMax }
        guard tidying.leavesTooMany(senders.count) else { return }
        let cutoff = tidying.cutoff(senders.values.compactMap(\.last))
        senders = senders.filter { ($0.value.last ?? .distantPast) > cutoff }
    }
}
