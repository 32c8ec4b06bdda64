internal import DHTCore
internal import IPv8

/// How long the one worker of a machine takes for what its node wants done.
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

/// What a machine's worker does, one thing after the other, in the order of the node's lanes.
struct ModelWorkshop {
    private var queue = LaneQueue<(job: Job, time: Duration)>()
    private var isBusy = false

    enum Job {
        case answer(Input)
        case send([UInt8], to: Address)
    }

    mutating func add(_ job: Job, taking time: Duration, to lane: Lane) { queue.add((job, time), to: lane) }

    /// What the worker begins now, and how long it takes; `nil` if it is busy or has nothing to do.
    mutating func begin() -> (job: Job, time: Duration)? {
        guard !isBusy, let next = queue.takeNext() else { return nil }
        isBusy = true
        return next
    }

    /// The worker is done with what it began.
    mutating func end() { isBusy = false }
}

extension NodeHost {
    /// Has the worker do something, if the machine has one; `false` if it does everything at once.
    func work(
        _ job: ModelWorkshop.Job, taking time: KeyPath<WorkTimes, Duration>, in lane: Lane, at now: Instant
    ) -> Bool {
        guard let times = settings.workTimes else { return false }
        workshop.add(job, taking: times[keyPath: time], to: settings.sabotage.contains(.oneLane) ? .known : lane)
        beginWork(at: now)
        return true
    }

    /// Has the worker begin what is next.
    func beginWork(at now: Instant) {
        guard let (job, time) = workshop.begin() else { return }
        underWay.insert(.workDone(job), at: now + time)
    }
}

/// Gives the pings of a node numbers of 16 bits on the wire, without a change to the node.
struct NarrowNumbers {
    private var numbers: [UInt32: RequestID] = [:]

    mutating func narrow(_ message: Message) -> Message {
        guard case .pingRequest(let ping) = message else { return message }
        let narrow = ping.id.number & RequestID.requestMax
        numbers[narrow] = ping.id
        return .pingRequest(PingRequest(id: RequestID(narrow)))
    }

    /// An answer under the number that the node gave its ping. Works where signatures are modelled.
    func widen(_ bytes: [UInt8]) -> [UInt8] {
        guard let packet = try? Packet(decoding: bytes), case .pingResponse(let pong) = packet.message,
            let id = numbers[pong.id.number], let key = packet.sender
        else { return bytes }
        return Packet.encode(.pingResponse(PingResponse(id: id)), from: key) {
            Signatures.modelled(over: $0[...], key.level)
        }
    }
}

/// What makes a node take whoever is named in an answer for a contact, without a change to the node: it is made to believe
/// that those who are named have asked it something, and have answered its ping.
struct Hearsay {
    private var named: [Address: PublicKey] = [:]

    /// The requests that the nodes named in an answer are made out to have sent.
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

    /// The answer that somebody who was named is made out to give to a ping; `nil` for everything else.
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
