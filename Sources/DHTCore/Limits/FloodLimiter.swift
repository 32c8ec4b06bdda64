internal import DequeModule
internal import IPv8

/// Holds every sender of requests to what it may ask in 5 seconds.
///
/// Only requests with a valid signature count, and each only once, so that nobody uses up another's allowance.
///
/// Each new sender has a few old ones examined, and forgotten if they have been quiet. So a request costs about the same however
/// many senders there are; examining all of them at once would hold up everybody's requests.
struct FloodLimiter<Sender: Hashable & Sendable>: Sendable {
    private var senders: [Sender: RecentTimes] = [:]
    /// The same senders, in the order in which they will be examined.
    private var toExamine = Deque<Sender>()
    private let requestsMax: Int

    /// The interval (the reference's `NODE_LIMIT_INTERVAL`).
    private static var interval: Duration { .seconds(5) }
    /// How many senders are kept count of.
    private static var sendersMax: Int { 16_384 }
    /// How many senders are examined for each new one. With two, quiet senders leave faster than new ones come.
    private static var examinedMin: Int { 2 }
    /// How many at most when the table is full, to find one that has not used up its allowance.
    private static var examinedMax: Int { 8 }

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
        let start = now - FloodLimiter.interval
        if senders[sender] == nil {
            forgetQuiet(since: start)
            if senders.count >= FloodLimiter.sendersMax { makeRoom(since: start) }
            toExamine.append(sender)
        }
        return senders[sender, default: RecentTimes()].admit(at: now, max: requestsMax, since: start)
    }

    /// Forgets those of the next few who have asked nothing within the interval.
    private mutating func forgetQuiet(since start: Instant) {
        for _ in 0..<FloodLimiter.examinedMin { forgetNext(unlessAsked: 1, since: start) }
    }

    /// Forgets one who still has some of its allowance. Who has used it up stays blocked, unless all of the next few have.
    private mutating func makeRoom(since start: Instant) {
        for _ in 1..<FloodLimiter.examinedMax {
            forgetNext(unlessAsked: requestsMax, since: start)
            if senders.count < FloodLimiter.sendersMax { return }
        }
        forgetNext(unlessAsked: .max, since: start)
    }

    /// Forgets the next sender, unless it has asked so often since a moment.
    private mutating func forgetNext(unlessAsked countMin: Int, since start: Instant) {
        guard let sender = toExamine.popFirst(), let times = senders[sender] else { return }
        if times.count(since: start) >= countMin { toExamine.append(sender) } else { senders[sender] = nil }
    }
}

/// The moments of the last few of something, in their order.
struct RecentTimes: Sendable {
    private var times: [Instant] = []

    /// How many there were after a moment.
    func count(since start: Instant) -> Int { times.count { $0 > start } }

    /// Adds one unless there were enough after a moment.
    mutating func admit(at now: Instant, max: Int, since start: Instant) -> Bool {
        forget(upTo: start)
        guard times.count < max else { return false }
        times.append(now)
        return true
    }

    /// Adds one at the earliest moment, from now on, at which there are fewer than `max` within the interval before it;
    /// `nil`, and none added, where that is too far off.
    mutating func reserve(at now: Instant, max: Int, interval: Duration, waitMax: Duration) -> Instant? {
        forget(upTo: now - interval)
        let earliest = times.count < max ? now : Swift.max(now, times[times.count - max] + interval)
        guard earliest - now <= waitMax else { return nil }
        times.append(earliest)
        return earliest
    }

    /// Forgets the moments up to one. They are in order, so it looks no further than the first that stays: there may be
    /// dozens, if many requests wait for one peer.
    private mutating func forget(upTo start: Instant) {
        let oldCount = times.firstIndex { $0 > start } ?? times.count
        if oldCount > 0 { times.removeFirst(oldCount) }
    }

    var last: Instant? { times.last }
}
