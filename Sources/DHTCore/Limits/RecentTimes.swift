internal import IPv8

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
