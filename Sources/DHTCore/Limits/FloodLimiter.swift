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

/// The moments of the last few of something.
struct RecentTimes: Sendable {
    private var times: [Instant] = []

    /// How many there were after a moment.
    func count(since start: Instant) -> Int { times.count { $0 > start } }

    /// Adds one unless there were enough after a moment.
    mutating func admit(at now: Instant, max: Int, since start: Instant) -> Bool {
        times.removeAll { $0 <= start }
        guard times.count < max else { return false }
        times.append(now)
        return true
    }

    /// Adds one at the earliest moment, from now on, at which there are fewer than `max` within the interval before it;
    /// `nil`, and none added, where that is too far off.
    mutating func reserve(at now: Instant, max: Int, interval: Duration, waitMax: Duration) -> Instant? {
        times.removeAll { $0 <= now - interval }
        let earliest = times.count < max ? now : Swift.max(now, times[times.count - max] + interval)
        guard earliest - now <= waitMax else { return nil }
        times.append(earliest)
        return earliest
    }

    /// The last of them.
    var last: Instant? { times.last }
}

/// When a table is to be rid of what no longer counts: once it has twice as many entries as it had left the last time. So
/// it costs little on average, and a table is as large as what happens calls for, not as what has ever happened.
///
/// At most half of what there may be is left each time, whatever counts: else a full table would be looked through for
/// every entry that comes.
struct Tidying: Sendable {
    private let countMax: Int
    private var dueAtCount = Tidying.countMin

    /// With so few entries it is not worth while.
    private static let countMin = 64

    /// - Parameter countMax: how many entries there may be in any case.
    init(countMax: Int) { self.countMax = countMax }

    /// Whether a table of so many entries is to be tidied before it takes another one.
    func isDue(_ count: Int) -> Bool { count >= dueAtCount }

    /// Whether more than half of what there may be would be left.
    func leavesTooMany(_ count: Int) -> Bool { 2 * count > countMax }

    /// The moment after which an entry has to have been used to be left, where too many would be.
    ///
    /// - Parameter times: when each of them was used last.
    func cutoff(_ times: [Instant]) -> Instant { times.sorted()[times.count - countMax / 2 - 1] }

    /// Notes how many are left.
    mutating func done(_ count: Int) { dueAtCount = min(countMax, max(Tidying.countMin, 2 * count)) }
}
