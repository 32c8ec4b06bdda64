internal import IPv8
internal import Kademlia

/// A search that is under way in one address family or in all, and what it is for.
struct ActiveLookup: Sendable {
    let purpose: Purpose
    let target: Target
    /// When the first nodes were asked: no token that responders gave is older.
    let begunAt: Instant
    /// Whether loopback and private networks are limited to their share of the closest nodes too.
    let limitsLocal: Bool
    /// Whether its requests count against what maintenance may send.
    let isBudgeted: Bool
    /// One search for each family; they share their findings.
    var searches: [AddressFamily: Lookup]
    /// Authentic entries that responders gave, those of each signer only in their highest version.
    var findings = Findings()
    /// The tokens that responders gave.
    var tokens: [NodeInfo: Token] = [:]
    /// How many responders had values.
    var holderCount = 0
    /// The responders that had none.
    var emptyHanded: Set<NodeInfo> = []
    /// How many pages beyond the first have been asked for and not come yet.
    var outstandingPages = 0
    /// Whether our own archive has still to be read.
    var awaitsOwnValues = false

    /// What a search is for.
    enum Purpose: Sendable {
        /// To find values for a user.
        case find(CommandID)
        /// To find the nodes to store a user's value on.
        case publish(CommandID, Entry)
        /// To find the nodes that may know where a peer is.
        case connect(CommandID)
        /// To find the nodes that are to remember where we are.
        case ownRecord
        /// To find the nodes to store so many keys on again, which are neighbours.
        case republish(ActivityID, keys: Int)
        /// To find the values of a pinned key.
        case seek(ActivityID)
        /// To get to know a part of the key space, for a user or as maintenance.
        case refresh(CommandID?)

        /// The user's command that it is for.
        var command: CommandID? {
            switch self {
            case .find(let command), .publish(let command, _), .connect(let command), .refresh(let command?): command
            case .ownRecord, .republish, .seek, .refresh(nil): nil
            }
        }

        /// Whether it is maintenance, and not for a user.
        var isMaintenance: Bool {
            switch self {
            case .republish, .seek, .ownRecord: true
            case .refresh(let command): command == nil
            case .find, .publish, .connect: false
            }
        }
    }

    var wantsNodes: Bool {
        switch purpose {
        case .publish, .connect, .ownRecord, .republish: true
        case .find, .refresh, .seek: false
        }
    }

    /// How many nodes it is to find. A pool for many keys has to be larger than what one key needs.
    var nodesWanted: Int {
        switch purpose {
        case .republish(_, let keys): keys > 1 ? 2 * Searches.replicasWanted : Searches.replicasWanted
        case .find, .publish, .connect, .ownRecord, .refresh, .seek: Searches.replicasWanted
        }
    }

    /// The question to a node.
    func request(to node: NodeInfo, for id: ActivityID) -> Request {
        Request(.find(target, offset: 0, wantsNodes: wantsNodes), to: node, for: .lookup(id), isBudgeted: isBudgeted)
    }

    /// A node has answered: takes in its values, and the nodes that it names and that may be asked.
    mutating func answered(by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], naming nodes: [NodeInfo]) {
        let family = node.address.family
        searches[family]?.answered(node, naming: nodes.filter { $0.address.family == family })
        // A node is looked for in the family that its address is of, whoever named it.
        for other in nodes where other.address.family != family {
            searches[other.address.family]?.learn(of: other)
        }
        tokens[node] = response.token
        if entries.isEmpty { emptyHanded.insert(node) } else { holderCount += 1 }
        for entry in entries { findings.add(entry, from: node) }
    }

    /// How many nodes were asked, and how many of them answered.
    var askedCount: Int { searches.values.reduce(0) { $0 + $1.askedCount } }
    var answeredCount: Int { searches.values.reduce(0) { $0 + $1.answeredCount } }

    /// Whether nothing is left to ask or to wait for.
    var isOver: Bool {
        !awaitsOwnValues && outstandingPages == 0 && searches.values.allSatisfy(\.isFinished)
    }

    /// The nodes that answered, in all families together, closest first; those whose networks have their share last.
    var respondersByDistance: [NodeInfo] {
        let byDistance = AddressFamily.allCases.flatMap { searches[$0]?.responders ?? [] }
            .map { (node: $0, id: $0.id) }
            .sorted { Distance($0.id, target) < Distance($1.id, target) }
            .map(\.node)
        return PrefixShare.crowdedLast(byDistance, limitingLocal: limitsLocal) { $0.address.host }
    }

    /// Those of them that gave a token.
    var respondersWithTokens: [(node: NodeInfo, token: Token)] {
        respondersByDistance.compactMap { node in tokens[node].map { (node, $0) } }
    }

    /// The node that gets a copy of the values that the others had.
    var closestWithoutValues: (node: NodeInfo, token: Token)? {
        respondersWithTokens.first { emptyHanded.contains($0.node) }
    }
}
