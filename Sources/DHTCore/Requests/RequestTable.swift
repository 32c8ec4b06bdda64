internal import HeapModule
internal import IPv8

/// The requests that we wait for answers to, and those that wait to be sent.
///
/// A request has a number of its own among all that are under way, so an answer is found by its number, and belongs to
/// the request only if it is of the right kind and comes from the right key and address. The reference answers a peer
/// that it knows over both families over the one that it prefers: so the address may be of the other family, if the key is
/// the one that was asked.
struct RequestTable: Sendable {
    private var requests: [UInt32: Request] = [:]
    private var deadlines = Heap<Deadline>()
    private var serial: UInt64 = 0

    /// How many requests there may be at once: a quarter of the numbers that fit into 16 bits.
    static let requestsMax = 16_384

    private struct Deadline: Comparable, Sendable {
        let time: Instant
        let number: UInt32
        let serial: UInt64
        /// Whether the answer is only late then.
        var isLate = false

        static func < (left: Deadline, right: Deadline) -> Bool {
            (left.time, left.serial) < (right.time, right.serial)
        }
    }

    var count: Int { requests.count }
    var isFull: Bool { requests.count >= RequestTable.requestsMax }

    /// When the next request has to be sent, is late or has to be given up.
    ///
    /// A request that has been answered leaves its deadline behind until that is the next, so this may be early by a
    /// little. It is never late.
    var nextDeadline: Instant? { deadlines.min?.time }

    /// Takes a request in and gives it its number.
    mutating func add(
        _ request: Request, firstDeadline: Instant, using generator: inout RandomNumbers
    ) -> RequestID {
        let numberMax = request.kind.numberMax
        var number = UInt32.random(in: 0...numberMax, using: &generator)
        while requests[number] != nil { number = (number &+ 1) & numberMax }
        serial += 1
        var request = request
        request.serial = serial
        request.checksUnderWay = 0
        requests[number] = request
        deadlines.insert(Deadline(time: firstDeadline, number: number, serial: serial))
        return RequestID(number)
    }

    /// Notes when the answer to a request will be late.
    mutating func watch(_ id: RequestID, lateAt late: Instant) {
        guard let serial = requests[id.number]?.serial else { return }
        deadlines.insert(Deadline(time: late, number: id.number, serial: serial, isLate: true))
    }

    /// Gives a request another deadline, after the one before has passed.
    mutating func extend(_ id: RequestID, sentAt now: Instant) {
        guard var request = requests[id.number] else { return }
        request.sentAt = now
        requests[id.number] = request
        deadlines.insert(
            Deadline(time: now + request.kind.patience, number: id.number, serial: request.serial))
    }

    /// Has a request that was not sent wait for longer, after its deadline has passed.
    mutating func postpone(_ id: RequestID, until sendAt: Instant) {
        guard let request = requests[id.number] else { return }
        deadlines.insert(Deadline(time: sendAt, number: id.number, serial: request.serial))
    }

    /// The request with a number.
    subscript(id: RequestID) -> Request? { requests[id.number] }

    /// Whether there is a request that an answer belongs to.
    ///
    /// - Parameter isContact: whether the sender is known to be at the address, which counts where a request went to an
    ///   address without a key and the answer comes over the other family.
    func matches(
        _ id: RequestID, _ kind: Request.Kind, from sender: PublicKey, at address: Address,
        isContact: @autoclosure () -> Bool
    ) -> Bool {
        guard let request = requests[id.number], request.kind == kind, request.sentAt != nil,
            request.publicKey == nil || request.publicKey == sender
        else { return false }
        if request.address == address { return true }
        return request.address.family != address.family && (request.publicKey != nil || isContact())
    }

    /// A request that is held while the signature of an answer to it is being checked.
    struct Hold: Hashable, Sendable {
        fileprivate let number: UInt32
        fileprivate let serial: UInt64
    }

    /// How many answers to one request are checked at once: the right one, and what somebody sends before it.
    private static let checksMax = 4

    /// Keeps a request from being given up while the signature of an answer to it is being checked, but no longer than
    /// twice its patience. `nil` where enough answers to it are being checked.
    mutating func hold(_ id: RequestID) -> Hold? {
        guard let index = requests.index(forKey: id.number),
            let serial = requests.values[index].beginCheck(checksMax: RequestTable.checksMax)
        else { return nil }
        return Hold(number: id.number, serial: serial)
    }

    /// The check is done, whatever it has shown. A request that would have been given up meanwhile is, unless another
    /// answer to it is being checked.
    mutating func release(_ hold: Hold, at now: Instant) {
        guard let index = requests.index(forKey: hold.number),
            let due = requests.values[index].endCheck(ofSerial: hold.serial), due <= now
        else { return }
        deadlines.insert(Deadline(time: due, number: hold.number, serial: hold.serial))
    }

    /// Forgets a request, which has been answered.
    mutating func remove(_ id: RequestID) {
        requests[id.number] = nil
        dropDeadlinesOfAnswered()
    }

    /// Nobody is to be woken for what has been answered.
    private mutating func dropDeadlinesOfAnswered() {
        while let deadline = deadlines.min {
            if let request = requests[deadline.number], request.serial == deadline.serial { return }
            deadlines.removeMin()
        }
    }

    /// A request whose deadline has passed, and the deadline.
    struct Overdue {
        let id: RequestID
        let request: Request
        let since: Instant
        let step: Step

        /// What is to be done: send it, go on without its answer for now, or give it up.
        enum Step { case send, goOn, giveUp }
    }

    /// The requests whose deadline has passed. Those that are given up are gone; the others stay.
    mutating func takeOverdue(at now: Instant) -> [Overdue] {
        var overdue: [Overdue] = []
        while let deadline = deadlines.min, deadline.time <= now {
            deadlines.removeMin()
            guard let request = requests[deadline.number], request.serial == deadline.serial else { continue }
            if deadline.isLate {
                // An answer that is being checked has come in time.
                guard request.checksUnderWay == 0, !request.isLate else { continue }
                requests[deadline.number]?.isLate = true
                overdue.append(
                    Overdue(id: RequestID(deadline.number), request: request, since: deadline.time, step: .goOn))
                continue
            }
            if request.checksUnderWay > 0, let heldUntil = request.heldUntil, heldUntil > now {
                deadlines.insert(Deadline(time: heldUntil, number: deadline.number, serial: request.serial))
                continue
            }
            let isSent = request.sentAt != nil
            if isSent { requests[deadline.number] = nil }
            overdue.append(
                Overdue(
                    id: RequestID(deadline.number), request: request, since: deadline.time,
                    step: isSent ? .giveUp : .send))
        }
        dropDeadlinesOfAnswered()
        return overdue
    }
}

extension Request {
    // Whoever asks a dictionary for a field of a request has all of it copied; whoever changes it is lent it.

    /// One more answer is being checked. Returns the request's serial; `nil` if enough are being checked.
    fileprivate mutating func beginCheck(checksMax: Int) -> UInt64? {
        guard checksUnderWay < checksMax else { return nil }
        checksUnderWay += 1
        return serial
    }

    /// An answer has been checked. Returns when the request is given up, if no other answer is being checked.
    fileprivate mutating func endCheck(ofSerial serial: UInt64) -> Instant? {
        guard serial == self.serial else { return nil }
        checksUnderWay -= 1
        return checksUnderWay == 0 ? due : nil
    }
}
