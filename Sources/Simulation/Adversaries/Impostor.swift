internal import IPv8
internal import Kademlia

/// An adversary's node that seems to be a member of the overlay: it answers every request and acknowledges every store.
/// But it stores nothing, and its ``Conduct`` decides what it answers.
final class Impostor: Resident {
    let node: NodeInfo
    var conduct: Conduct
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

/// The behaviour of an ``Impostor``.
struct Conduct {
    /// The nodes in its answers.
    var names: (Target) -> [NodeInfo] = { _ in [] }
    /// The values in its answers.
    var values: (Target) -> [[UInt8]] = { _ in [] }
    /// The peers that it introduces.
    var introduces: [Address] = []
    /// The delay of its answers to pings and finds.
    var pingDelay = Duration.zero
    var findDelay = Duration.zero
    /// The nodes that it contacts again and again.
    var meets: [Address] = []
    var meetInterval = Duration.seconds(20)

    /// Names the closest members of a gang, and introduces them.
    static func colluding(with gang: Gang, meeting meets: [Address]) -> Conduct {
        Conduct(
            names: { gang.closest(to: $0) }, introduces: gang.members.prefix(64).map(\.node.address), meets: meets)
    }
}
