internal import DHTCore
internal import IPv8

/// How long a machine's only worker takes for a node's effects.
package struct WorkTimes: Sendable {
    /// For the signatures of a packet.
    package var check: Duration
    /// For reading a page of values.
    package var read: Duration
    /// For signing and sending a packet.
    package var send: Duration

    /// Times of a worker.
    package init(check: Duration, read: Duration, send: Duration) {
        self.check = check
        self.read = read
        self.send = send
    }
}

/// A machine's worker, which does one thing after the other, in the order of the node's lanes and stages.
struct ModelWorkshop {
    private var queue = LaneQueue<(work: Work, time: Duration)>()
    private var isBusy = false

    enum Work {
        case answer(Input)
        case send([UInt8], to: Address)

        /// Whether it begins a request or finishes one.
        var stage: WorkStage {
            if case .answer(.signaturesChecked) = self { .begin } else { .finish }
        }
    }

    mutating func add(_ work: Work, taking time: Duration, to lane: Lane) {
        queue.add((work, time), to: lane, work.stage)
    }

    /// The work that begins now, and how long it takes; `nil` if the worker is busy or there is no work.
    mutating func begin() -> (work: Work, time: Duration)? {
        guard !isBusy, let next = queue.takeNext() else { return nil }
        isBusy = true
        return next
    }

    /// The worker has finished its work.
    mutating func end() { isBusy = false }
}

extension NodeHost {
    /// Gives the worker something to do; `false` if the machine has no worker and does everything immediately.
    func work(
        _ work: ModelWorkshop.Work, taking time: KeyPath<WorkTimes, Duration>, in lane: Lane, at now: Instant
    ) -> Bool {
        guard let times = settings.workTimes else { return false }
        workshop.add(work, taking: times[keyPath: time], to: settings.sabotage.contains(.oneLane) ? .known : lane)
        beginWork(at: now)
        return true
    }

    /// Starts the next piece of work.
    func beginWork(at now: Instant) {
        guard let (work, time) = workshop.begin() else { return }
        underWay.insert(.workDone(work), at: now + time)
    }
}

/// Gives a node's pings 16-bit numbers on the wire, without changing the node.
struct NarrowNumbers {
    private var numbers: [UInt32: RequestID] = [:]

    mutating func narrow(_ message: Message) -> Message {
        guard case .pingRequest(let ping) = message else { return message }
        let narrow = ping.id.number & RequestID.requestMax
        numbers[narrow] = ping.id
        return .pingRequest(PingRequest(id: RequestID(narrow)))
    }

    /// The answer with the number that the node gave its ping. Works with modelled signatures.
    func widen(_ bytes: [UInt8]) -> [UInt8] {
        guard let packet = try? Packet(decoding: bytes), case .pingResponse(let pong) = packet.message,
            let id = numbers[pong.id.number], let key = packet.sender
        else { return bytes }
        return Packet.encode(.pingResponse(PingResponse(id: id)), from: key) {
            Signatures.modelled(over: $0[...], key.level)
        }
    }
}

/// Makes a node accept everybody who is named in an answer as a contact, without changing the node: it believes that
/// the named nodes have sent it a request and answered its ping.
struct Hearsay {
    private var named: [Address: PublicKey] = [:]

    /// Requests that the named nodes seem to have sent.
    mutating func believe(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [Input] {
        guard let packet = try? Packet(decoding: bytes) else { return [] }
        let nodes: [NodeInfo]
        switch packet.message {
        case .findResponse(let response): nodes = response.nodes
        case .connectPeerResponse(let response): nodes = response.nodes
        default: return []
        }
        return nodes.map { node in
            named[node.address] = node.publicKey
            let id = RequestID(UInt32(generator.next() & UInt64(RequestID.requestMax)))
            return Hearsay.input(.pingRequest(PingRequest(id: id)), from: node)
        }
    }

    /// The answer that a named node seems to give to a ping; `nil` for every other message.
    func answer(to message: Message, at address: Address) -> Input? {
        guard let key = named[address], case .pingRequest(let ping) = message else { return nil }
        return Hearsay.input(
            .pingResponse(PingResponse(id: ping.id)), from: NodeInfo(address: address, publicKey: key))
    }

    private static func input(_ message: Message, from node: NodeInfo) -> Input {
        let key = node.publicKey
        let bytes = Packet.encode(message, from: key) { Signatures.modelled(over: $0[...], key.level) }
        return .datagramReceived(bytes, from: node.address)
    }
}
