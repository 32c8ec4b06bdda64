internal import IPv8

/// An adversary that stores any value anywhere by the rules: with a valid token, and no more often than a node accepts.
final class Depositor: Resident {
    /// Values for one target.
    struct Batch {
        var target: Target
        var values: [[UInt8]]
    }

    private let identity: Identity
    private let nodes: [Address]
    private let batches: (_ node: Int, _ number: Int) -> Batch?
    private var tokens: [Token?]
    private var counts: [Int]
    private var identifiers: UInt32 = 0
    private var nextStep = Instant.distantPast
    private var renewedAt = Instant.distantPast
    /// How many of its stores have been acknowledged.
    private(set) var acknowledgedCount = 0

    /// A little less than the two requests a second that a node accepts.
    private static let interval: Duration = .milliseconds(600)
    private static let tokenAge: Duration = .seconds(240)

    /// - Parameter batches: the values to store on each node, one batch after the other; `nil` at the end.
    init(_ identity: Identity, on nodes: [Address], _ batches: @escaping (_ node: Int, _ number: Int) -> Batch?) {
        self.identity = identity
        self.nodes = nodes
        self.batches = batches
        tokens = nodes.map { _ in nil }
        counts = nodes.map { _ in 0 }
    }

    var nextWakeUp: Instant? { nextStep }

    func wake(_ actions: inout Actions) {
        guard nextStep <= actions.now else { return }
        nextStep = actions.now + Depositor.interval
        if actions.now - renewedAt >= Depositor.tokenAge {
            renewedAt = actions.now
            tokens = nodes.map { _ in nil }
        }
        for (place, address) in nodes.enumerated() {
            identifiers = (identifiers + 1) & RequestID.requestMax
            let id = RequestID(identifiers)
            guard let token = tokens[place] else {
                let find = FindRequest(id: id, lan: .none, target: Target(bits: .zero), wantsNodes: true)
                actions.send(identity.packet(.findRequest(find)), to: address)
                continue
            }
            guard let batch = batches(place, counts[place]) else { continue }
            counts[place] += 1
            let store = StoreRequest(id: id, token: token, target: batch.target, values: batch.values)
            actions.send(identity.packet(.storeRequest(store)), to: address)
        }
    }

    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes), let place = nodes.firstIndex(of: source) else { return }
        switch packet.message {
        case .pingRequest(let ping):
            actions.send(identity.packet(.pingResponse(PingResponse(id: ping.id))), to: source)
        case .findResponse(let response): tokens[place] = response.token
        case .storeResponse: acknowledgedCount += 1
        default: return
        }
    }
}
