import Glibc
import IPv8

/// Sends requests to a node and takes its answers, on one thread.
///
/// In a closed loop a number of requests is under way at a time. In an open loop each request has a moment at which it is
/// due, and its latency counts from there whether or not the generator or the node kept up: so a node that stalls does
/// not hide the requests that it would have got meanwhile.
struct Load {
    /// When requests go out.
    enum Pace {
        /// So many at a time.
        case closed(window: Int)
        /// At these moments after the start, in nanoseconds.
        case open([UInt64])
    }

    private let subject: Subject
    private let requests: [Subject.Request]
    private let pace: Pace
    private let expected: UInt8
    private let valueCount: Int?
    private let others: [Residents]
    private let patience: UInt64
    /// How long it is from one ping of a contact to the next; `nil` for none.
    private let contactsPause: UInt64?
    private var selection: Selection

    private var next = 0
    private var underWay = 0
    /// The first request whose time-out has not been looked at.
    private var oldest = 0
    private var sentAt: [UInt64]
    private var isSettled: [Bool]
    /// Which request a number belongs to.
    private var byID = [Int32](repeating: -1, count: Int(RequestID.requestMax) + 1)
    /// Since when the limits of the node keep the next request back.
    private var heldSince: UInt64?
    private var outcome = Outcome()

    struct Outcome {
        var answered: [Int] = []
        var latencies: [UInt64] = []
        var lateness: [UInt64] = []
        var wrong = 0
        var samples: [[UInt8]] = []
        var tokens: [(identity: Int, token: Token)] = []
        var startedAt: UInt64 = 0
        var endedAt: UInt64 = 0
        var held: UInt64 = 0
    }

    /// After how many seconds a request counts as unanswered, if nothing else is said.
    private static let patience = 5.0
    private static let nap: UInt64 = 50_000_000

    /// - Parameters:
    ///   - expected: which message an answer is.
    ///   - valueCount: how many values an answer has, if it is to be looked at.
    ///   - residents: whoever is to be answered meanwhile.
    ///   - patience: after how many seconds a request counts as unanswered.
    ///   - contactPings: how often a second one of the subject's contacts pings it.
    init(
        _ requests: [Subject.Request], to subject: Subject, _ pace: Pace, expecting expected: UInt8, valueCount: Int?,
        residents: [Residents], patience: Double? = nil, contactPings: Double? = nil
    ) {
        self.subject = subject
        self.requests = requests
        self.pace = pace
        self.expected = expected
        self.valueCount = valueCount
        others = residents
        self.patience = (patience ?? Load.patience).nanoseconds
        contactsPause = contactPings.map { (1 / $0).nanoseconds }
        selection = Selection([subject.socket] + residents.flatMap(\.sockets))
        sentAt = Array(repeating: 0, count: requests.count)
        isSettled = Array(repeating: false, count: requests.count)
        outcome.latencies.reserveCapacity(requests.count)
        outcome.answered.reserveCapacity(requests.count)
    }

    /// Sends all requests; returns when each has been answered or given up.
    mutating func run() throws -> Outcome {
        outcome.startedAt = Clocks.now()
        outcome.endedAt = outcome.startedAt
        var pingAt = outcome.startedAt
        while next < requests.count || underWay > 0 {
            let wakeAt = try sendWhatIsDue()
            let now = Clocks.now()
            var time = wakeAt.map { $0 > now ? min($0 - now, Load.nap) : 0 } ?? Load.nap
            if let contactsPause, next < requests.count {
                if now >= pingAt {
                    try subject.residents.ping(at: now)
                    pingAt += contactsPause
                }
                time = min(time, pingAt - min(now, pingAt))
            }
            if selection.wait(time) { try receive() }
            giveUp(at: Clocks.now())
        }
        return outcome
    }

    // MARK: Sending

    /// Sends; returns when the next request is due, if that depends on time alone.
    private mutating func sendWhatIsDue() throws -> UInt64? {
        while next < requests.count {
            let now = Clocks.now()
            guard let due = due(at: now) else { return nil }
            if due > now { return due }
            let allowed = subject.mayAsk(requests[next].identity)
            if allowed > now {
                heldSince = heldSince ?? now
                return allowed
            }
            outcome.held += heldSince.map { now - $0 } ?? 0
            heldSince = nil
            guard try send(at: now, due: due) else { return now + 100_000 }
        }
        return nil
    }

    /// When the next request is due; `nil` if it waits for an answer.
    private mutating func due(at now: UInt64) -> UInt64? {
        switch pace {
        case .open(let moments):
            return underWay < Int(RequestID.requestMax) / 2 ? outcome.startedAt + moments[next] : nil
        case .closed(let window):
            return underWay < window ? now : nil
        }
    }

    private mutating func send(at now: UInt64, due: UInt64) throws -> Bool {
        let request = requests[next]
        guard try subject.socket.send(request.bytes) else { return false }
        subject.noteAsked(by: request.identity, at: now)
        if case .open = pace {
            outcome.lateness.append(now - due)
            sentAt[next] = due
        } else {
            sentAt[next] = now
        }
        byID[Int(request.id & RequestID.requestMax)] = Int32(next)
        next += 1
        underWay += 1
        return true
    }

    // MARK: Receiving

    private mutating func receive() throws {
        if selection.isReady(subject.socket) { try subject.socket.drain { take($0, at: Clocks.now()) } }
        // Only a few of them ever have something to do.
        for residents in others where residents.sockets.contains(where: { selection.isReady($0) }) {
            try residents.answer()
        }
    }

    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, at now: UInt64) {
        guard let answer = Answer(bytes), answer.kind == expected else { return }
        let place = Int(answer.requestID & RequestID.requestMax)
        let number = Int(byID[place])
        guard number >= 0 else { return }
        byID[place] = -1
        settle(number)
        outcome.answered.append(number)
        outcome.latencies.append(now - min(now, sentAt[number]))
        outcome.endedAt = now
        if let valueCount, answer.valueCount != valueCount { outcome.wrong += 1 }
        if subject.node.isNode, outcome.answered.count % AnswerCheck.interval == 1 {
            if outcome.samples.count < AnswerCheck.countMax { outcome.samples.append(Array(bytes)) }
        }
        if valueCount == nil, let token = answer.kind == 6 ? answer.token : nil {
            outcome.tokens.append((requests[number].identity, token))
        }
    }

    private mutating func settle(_ number: Int) {
        isSettled[number] = true
        underWay -= 1
    }

    /// Gives up requests that have waited too long. They are looked at in the order in which they were sent.
    private mutating func giveUp(at now: UInt64) {
        while oldest < next {
            if !isSettled[oldest] {
                guard now > sentAt[oldest] + patience else { return }
                let place = Int(requests[oldest].id & RequestID.requestMax)
                if byID[place] == Int32(oldest) { byID[place] = -1 }
                settle(oldest)
            }
            oldest += 1
        }
    }
}
