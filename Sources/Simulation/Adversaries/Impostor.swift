internal import IPv8
internal import Kademlia

/// An adversary's node that behaves like a member of the overlay to the eye: it answers everything, and acknowledges what
/// it is given to keep. But it keeps nothing, and what it says is for its ``Conduct`` to decide.
final class Impostor: Resident {
    let node: NodeInfo
    var conduct: Conduct
    /// How many stores it has acknowledged.
    private(set) var acknowledgedCount = 0
    private let identity: Identity
    private var answers = EventQueue<(message: Message, receiver: Address)>()
    private var meetsAt = Instant.distantPast
    private var identifiers: UInt32 = 0

    init(_ identity: Identity, at address: Address, _ conduct: Conduct = Conduct()) {
        self.identity = identity
        self.conduct = conduct
        node = NodeInfo(address: address, publicKey: identity.publicKey)
    }

    var nextWakeUp: Instant? {
        let meeting = conduct.meets.isEmpty ? nil : meetsAt
        guard let answer = answers.nextTime, let meeting else { return answers.nextTime ?? meeting }
        return min(answer, meeting)
    }

    func wake(_ actions: inout Actions) {
        while let (answer, _) = answers.popFirst(by: actions.now) {
            actions.send(identity.packet(answer.message), to: answer.receiver)
        }
        guard !conduct.meets.isEmpty, meetsAt <= actions.now else { return }
        meetsAt = actions.now + conduct.meetInterval
        for address in conduct.meets {
            identifiers = (identifiers + 1) & RequestID.requestMax
            actions.send(identity.packet(.pingRequest(PingRequest(id: RequestID(identifiers)))), to: address)
        }
    }

    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes), packet.sender != nil else { return }
        guard let (message, delay) = answer(to: packet.message, from: source, &actions.generator) else { return }
        guard delay > .zero else { return actions.send(identity.packet(message), to: source) }
        answers.insert((message, source), at: actions.now + delay)
    }

    private func answer(
        to message: Message, from source: Address, _ generator: inout SeededGenerator
    ) -> (Message, after: Duration)? {
        switch message {
        case .pingRequest(let request):
            return (.pingResponse(PingResponse(id: request.id)), conduct.pingDelay)
        case .findRequest(let request):
            let values = request.wantsNodes ? [] : conduct.values(request.target)
            let response = FindResponse(
                id: request.id, token: Token(bits: request.target.bits), values: values,
                nodes: values.isEmpty ? conduct.names(request.target) : [])
            return (.findResponse(response), conduct.findDelay)
        case .storeRequest(let request):
            acknowledgedCount += 1
            return (.storeResponse(StoreResponse(id: request.id)), conduct.pingDelay)
        case .storePeerRequest(let request):
            return (.storePeerResponse(StorePeerResponse(id: request.id)), conduct.pingDelay)
        case .connectPeerRequest(let request):
            let nodes = conduct.names(request.target)
            return (.connectPeerResponse(ConnectPeerResponse(id: request.id, nodes: nodes)), conduct.pingDelay)
        case .introductionRequest(let request):
            return (.introductionResponse(introduction(request, to: source, &generator)), conduct.pingDelay)
        case .pingResponse, .findResponse, .storeResponse, .storePeerResponse, .connectPeerResponse,
            .introductionResponse, .punctureRequest, .puncture:
            return nil
        }
    }

    private func introduction(
        _ request: IntroductionRequest, to source: Address, _ generator: inout SeededGenerator
    ) -> IntroductionResponse {
        IntroductionResponse(
            style: request.style, globalTime: 1, destination: source, sourceLAN: node.address,
            sourceWAN: node.address, introducedLAN: .none,
            introducedWAN: conduct.introduces.randomElement(using: &generator) ?? .none, flags: [],
            identifier: request.identifier)
    }
}

/// How an ``Impostor`` behaves.
struct Conduct {
    /// Whom it names when it is asked for nodes.
    var names: (Target) -> [NodeInfo] = { _ in [] }
    /// What it answers with when it is asked for values.
    var values: (Target) -> [[UInt8]] = { _ in [] }
    /// Whom it introduces.
    var introduces: [Address] = []
    /// How long it takes to answer a ping, and a find.
    var pingDelay = Duration.zero
    var findDelay = Duration.zero
    /// Whom it makes itself known to, again and again.
    var meets: [Address] = []
    /// How often.
    var meetInterval = Duration.seconds(20)

    /// Names those of a gang that are closest, and introduces them.
    static func colluding(with gang: Gang, meeting meets: [Address]) -> Conduct {
        Conduct(
            names: { gang.closest(to: $0) }, introduces: gang.members.prefix(64).map(\.node.address), meets: meets)
    }
}
