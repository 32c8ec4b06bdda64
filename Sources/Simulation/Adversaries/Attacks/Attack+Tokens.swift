internal import DHTCore
internal import IPv8

/// Attacks on tokens.
extension Attack {
    static let tokens: [Attack] = [
        Attack(
            "tokens", "A token is used from another address, by another identity, at another node, and after its time.",
            on: Overlay(count: 5, settle: .seconds(10)) { $0.republishes = false }, attempt: stolenTokens)
    ]

    private static func stolenTokens(_ siege: Siege) -> [AttackReport.Measure] {
        let (victim, otherNode) = (siege.honest[0].address, siege.honest[1].address)
        let own = siege.address(inNetwork: 0, host: 1)
        let (owner, thief) = (siege.newIdentity(), siege.newIdentity())
        let targets = ["own", "address", "identity", "node", "late"].map { what in
            Target(hashing: "\(what) \(siege.world.seed)")
        }
        var token: Token?
        var hasAsked = false
        let stores: [(at: Int, by: Identity, to: Address, from: Address)] = [
            (10, owner, victim, own), (20, owner, victim, siege.address(inNetwork: 1, host: 1)),
            (30, thief, victim, own), (40, owner, otherNode, own), (660, owner, victim, own),
        ]
        let assailant = Assailant(
            every: .seconds(1),
            hearing: { packet, source, _ in
                if case .findResponse(let response) = packet.message, source == victim { token = response.token }
            },
            { second, actions in
                if !hasAsked {
                    hasAsked = true
                    let find = FindRequest(id: RequestID(1), lan: .none, target: targets[0], wantsNodes: true)
                    actions.send(owner.packet(.findRequest(find)), to: victim)
                }
                guard let token, let place = stores.firstIndex(where: { $0.at == second }) else { return }
                let (_, by, to, from) = stores[place]
                let store = StoreRequest(
                    id: RequestID(UInt32(100 + place)), token: token, target: targets[place],
                    values: [[0, UInt8(place)]])
                actions.send(by.packet(.storeRequest(store)), to: to, from: from)
            })
        siege.start(assailant, at: own)
        siege.world.run(for: .seconds(670))
        let held = targets.map { target in
            siege.honest.count { $0.setup?.storage.held(under: target).isEmpty == false }
        }
        return [
            .atLeast(1, "stores with a token of one's own that are held", Double(held[0])),
            .none("held with a token used from another address", held[1]),
            .none("held with a token used by another identity", held[2]),
            .none("held with a token used at another node", held[3]),
            .none("held with a token after two rotations", held[4]),
            .atLeast(4, "dropped: bad token", Double(siege.drops("bad_token"))),
        ]
    }
}
