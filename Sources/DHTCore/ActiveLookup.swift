internal import IPv8
internal import Kademlia

/// A search that is under way in one address family or in all, and what it is for.
struct ActiveLookup: Sendable {
    let purpose: Purpose
    let target: Target
    /// One search for each family; they share their findings.
    var searches: [AddressFamily: Lookup]
    /// Authentic entries that responders gave, those of each signer only in their highest version.
    var findings = Findings()
    /// The tokens that responders gave.
    var tokens: [NodeInfo: Token] = [:]
    /// How many responders had values.
    var holderCount = 0
    /// A responder that had values.
    var firstHolder: NodeInfo?
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
        /// To get to know a part of the key space.
        case refresh
    }

    var wantsNodes: Bool {
        switch purpose {
        case .publish, .connect, .ownRecord: true
        case .find, .refresh: false
        }
    }

    /// The question to a node.
    func request(to node: NodeInfo, for id: LookupID) -> Request {
        Request(
            kind: .find, address: node.address, publicKey: node.publicKey, purpose: .lookup(id),
            body: .find(target, offset: 0, wantsNodes: wantsNodes))
    }

    /// The nodes that answered, in all families together, closest first.
    var respondersByDistance: [NodeInfo] {
        searches.values.flatMap(\.responders)
            .map { (node: $0, id: NodeID(host: $0.address.host, mid: $0.publicKey.mid)) }
            .sorted { Distance($0.id, target) < Distance($1.id, target) }
            .map(\.node)
    }

    /// Those of them that gave a token.
    var respondersWithTokens: [(node: NodeInfo, token: Token)] {
        respondersByDistance.compactMap { node in tokens[node].map { (node, $0) } }
    }
}

/// The values that a search has come across: the highest version of each signer, and every unsigned one once.
struct Findings: Sendable {
    private var order: [EntryID] = []
    private var entries: [EntryID: Entry] = [:]

    /// The most values that one search brings together.
    private static let entriesMax = 1024

    mutating func add(_ entry: Entry) {
        guard let known = entries[entry.id] else {
            guard order.count < Findings.entriesMax else { return }
            order.append(entry.id)
            return entries[entry.id] = entry
        }
        guard let new = entry.signature?.version, let old = known.signature?.version, new > old else { return }
        entries[entry.id] = entry
    }

    /// Signed values first, each kind in the order of discovery.
    var all: [Entry] {
        let found = order.compactMap { entries[$0] }
        return found.filter { $0.signature != nil } + found.filter { $0.signature == nil }
    }
}
