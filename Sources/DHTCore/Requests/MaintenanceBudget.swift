internal import IPv8
internal import Maintenance

/// How many requests republishing and other maintenance may send, besides what each peer accepts.
struct MaintenanceBudget: Sendable {
    let isEnabled: Bool
    private let requestsPerSecond: Int
    /// How many requests may be made now.
    private var allowance = 0.0
    /// How many requests will be made in any case: to nodes that are being punctured first, or that are busy.
    private var promised = 0
    private var refilledAt = Instant.distantPast
    /// The requests of the last second.
    private var sent: [(count: Int, at: Instant)] = []

    init(isEnabled: Bool, requestsPerSecond: Int) {
        self.isEnabled = isEnabled
        self.requestsPerSecond = requestsPerSecond
    }

    /// Whether there is room for a request and, if its node has to be punctured first, for that.
    var hasRoom: Bool { allowance - Double(promised) >= Double(min(2, requestsPerSecond)) }

    /// Lets in what time has earned: half a second's worth at most, and never more than a second's worth within a second.
    mutating func refill(at now: Instant) {
        let rate = Double(requestsPerSecond)
        sent.removeAll { $0.at <= now - .seconds(1) }
        let sentCount = sent.reduce(0) { $0 + $1.count }
        let earned = allowance + rate * min(1, (now - refilledAt) / .seconds(1))
        allowance = min(max(2, rate / 2), earned, rate - Double(sentCount))
        refilledAt = now
    }

    /// Counts a request that is sent.
    mutating func spend(at now: Instant) {
        allowance -= 1
        if let last = sent.indices.last, sent[last].at == now {
            sent[last].count += 1
        } else {
            sent.append((1, now))
        }
    }

    /// Keeps room for a request that will be made.
    mutating func promise() { promised += 1 }

    /// The request is made now, or not at all.
    mutating func takeBackPromise() {
        precondition(promised > 0, "maintenance made a request that nobody had announced")
        promised -= 1
    }
}
