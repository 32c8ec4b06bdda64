import DHTCore
import IPv8

/// Everything that the node has been told, and what follows from it.
///
/// It shares no code with the node except the parsing of packets and values, and believes only authentic ones.
struct Model {
    var disk = ModelArchive()
    /// The values that the disk has just read, while the node handles them.
    var loaded: (target: Target, values: [[UInt8]])?
    /// The packet that the node is handling: its check, or a read or write because of it, has just ended.
    var dealtWith: [UInt8]?
    /// The pinned keys: the node looks up their values and serves them again, whatever their age.
    var pinned: Set<Target> = []
    private(set) var openCommands: [CommandID: Command] = [:]
    /// The node's tokens.
    private(set) var tokens: [GivenToken] = []

    /// Authentic requests, by the form of their answer.
    private var requests: [Exchange: [ReceivedRequest]] = [:]
    /// The node's own requests, by the form of their answer.
    private var asked: [Exchange: Instant] = [:]
    /// The peers that have answered since the node started.
    private(set) var answered: Set<NodeInfo> = []
    /// Those that answered a 32-bit number, which nobody can guess.
    private(set) var proved: Set<NodeInfo> = []
    /// Authentic values from answers to lookups.
    private(set) var offered: Set<Entry> = []
    /// The times of requests to each peer.
    var askedAt: [Address: [Instant]] = [:]
    /// The times of answers to pings.
    private var pongs: [NodeInfo: [Instant]] = [:]
    /// When each ping was answered.
    private var pongOfBytes: [[UInt8]: Instant] = [:]
    /// The limit of answered pings of one peer, and the time in which the same ping is not answered again.
    private static let pongsMax = 10
    private static let pongInterval: Duration = .seconds(5)
    /// Peers whose records the node has confirmed.
    private(set) var registered: Set<NodeInfo> = []
    /// Received puncture requests, and the punctures that they allow.
    var punctureTargets: [Address: Int] = [:]

    /// The answers with 32-bit numbers: to pings, stores and store-peer requests.
    private static let provingAnswers: Set<UInt8> = [2, 4, 8]

    struct GivenToken {
        let token: Token
        let peer: NodeInfo
        let at: Instant
    }

    /// A request and its answer: the answer's message id, the number, and the address on the other side.
    struct Exchange: Hashable {
        let answerID: UInt8
        let number: UInt32
        let address: Address
    }

    struct ReceivedRequest {
        let message: Message
        let peer: NodeInfo
        let bytes: [UInt8]
        let at: Instant
        var isAnswered = false
    }

    // MARK: What comes in

    mutating func received(_ bytes: [UInt8], from address: Address, at now: Instant) {
        guard let packet = try? Packet(decoding: bytes) else { return }
        if case .punctureRequest(let request) = packet.message {
            for address in [request.walkerLAN, request.walkerWAN] { punctureTargets[address, default: 0] += 1 }
        }
        guard let sender = packet.sender, Forgery.isAuthentic(packet) else { return }
        let peer = NodeInfo(address: address, publicKey: sender)
        if let exchange = Exchange(request: packet.message, address: address) {
            requests[exchange, default: []].append(
                ReceivedRequest(message: packet.message, peer: peer, bytes: bytes, at: now))
        } else if let exchange = Exchange(answer: packet.message, address: address),
            let askedAddress = askedAddress(of: exchange)
        {
            let node = NodeInfo(address: askedAddress, publicKey: sender)
            answered.insert(node)
            if Model.provingAnswers.contains(exchange.answerID) { proved.insert(node) }
            if case .findResponse(let response) = packet.message {
                for value in response.values {
                    if let entry = try? Entry(bytes: value), Forgery.isAuthentic(entry) { offered.insert(entry) }
                }
            }
        }
    }

    /// The address of the answer: the request's, or one of the other family for a peer with both.
    private func askedAddress(of answer: Exchange) -> Address? {
        if asked[answer] != nil { return answer.address }
        return asked.keys.first { other in
            other.answerID == answer.answerID && other.number == answer.number
                && other.address.family != answer.address.family
        }?.address
    }

    mutating func issued(_ id: CommandID, _ command: Command) { openCommands[id] = command }

    mutating func restarted() {
        openCommands = [:]
        asked = [:]
        answered = []
        proved = []
        registered = []
        askedAt = [:]
        pongs = [:]
        pongOfBytes = [:]
        requests = [:]
    }

    // MARK: What goes out

    func isRequest(_ message: Message) -> Bool { Exchange(request: message, address: .none) != nil }

    mutating func noteRequest(_ message: Message, to address: Address, at now: Instant) {
        if let exchange = Exchange(request: message, address: address) { asked[exchange] = now }
    }

    mutating func noteToken(_ token: Token, for peer: NodeInfo, at now: Instant) {
        tokens.append(GivenToken(token: token, peer: peer, at: now))
    }

    mutating func noteRegistered(_ peer: NodeInfo) { registered.insert(peer) }

    /// The authentic store requests from an address.
    func storeRequests(from address: Address) -> [ReceivedRequest] {
        requests.filter { $0.key.answerID == 4 && $0.key.address == address }.flatMap(\.value)
    }

    mutating func closeCommand(_ id: CommandID) -> Command? { openCommands.removeValue(forKey: id) }

    /// The request of an answer, which counts as answered from now on. It is the one that the node is handling, because
    /// peers at one address may use the same number.
    ///
    /// - Parameter fits: whether a request is due this answer.
    mutating func settle(
        _ answer: Message, to address: Address, _ fits: (ReceivedRequest) -> Bool
    ) throws(Violation) -> ReceivedRequest {
        guard let exchange = Exchange(answer: answer, address: address), var candidates = requests[exchange] else {
            throw Violation("an answer to nobody's request: \(answer)")
        }
        let place = candidates.firstIndex { !$0.isAnswered && $0.bytes == dealtWith && fits($0) }
        guard let place else {
            throw Violation("an answer to a request that is answered, or does not deserve it: \(answer)")
        }
        candidates[place].isAnswered = true
        requests[exchange] = candidates
        return candidates[place]
    }

    /// Pings are answered as soon as they have been checked, so this notices repeated answers, and too many answers to
    /// one peer.
    mutating func settlePing(_ answer: Message, to address: Address, at now: Instant) throws(Violation) {
        let (pongs, pongOfBytes) = (pongs, pongOfBytes)
        let request = try settle(answer, to: address) { received in
            let isRepeated = pongOfBytes[received.bytes].map { now - $0 < Model.pongInterval } ?? false
            let recent = (pongs[received.peer] ?? []).count { now - $0 < Model.pongInterval }
            return !isRepeated && recent < Model.pongsMax
        }
        self.pongOfBytes[request.bytes] = now
        let recent = (pongs[request.peer] ?? []).filter { now - $0 < Model.pongInterval }
        self.pongs[request.peer] = recent + [now]
    }
}

extension Model.Exchange {
    /// The exchange that a message begins; `nil` if it is not a request.
    init?(request: Message, address: Address) {
        switch request {
        case .pingRequest(let request): self.init(answerID: 2, number: request.id.number, address: address)
        case .storeRequest(let request): self.init(answerID: 4, number: request.id.number, address: address)
        case .findRequest(let request): self.init(answerID: 6, number: request.id.number, address: address)
        case .storePeerRequest(let request): self.init(answerID: 8, number: request.id.number, address: address)
        case .connectPeerRequest(let request): self.init(answerID: 10, number: request.id.number, address: address)
        case .introductionRequest(let request):
            self.init(answerID: 245, number: UInt32(request.identifier), address: address)
        case .pingResponse, .storeResponse, .findResponse, .storePeerResponse, .connectPeerResponse,
            .introductionResponse, .punctureRequest, .puncture:
            return nil
        }
    }

    /// The exchange that a message ends; `nil` if it is not an answer.
    init?(answer: Message, address: Address) {
        switch answer {
        case .pingResponse(let response): self.init(answerID: 2, number: response.id.number, address: address)
        case .storeResponse(let response): self.init(answerID: 4, number: response.id.number, address: address)
        case .findResponse(let response): self.init(answerID: 6, number: response.id.number, address: address)
        case .storePeerResponse(let response): self.init(answerID: 8, number: response.id.number, address: address)
        case .connectPeerResponse(let response): self.init(answerID: 10, number: response.id.number, address: address)
        case .introductionResponse(let response):
            self.init(answerID: 245, number: UInt32(response.identifier), address: address)
        case .pingRequest, .storeRequest, .findRequest, .storePeerRequest, .connectPeerRequest,
            .introductionRequest, .punctureRequest, .puncture:
            return nil
        }
    }
}
