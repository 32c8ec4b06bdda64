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
        /// To get to know a part of the key space.
        case refresh
    }

    var wantsNodes: Bool {
        switch purpose {
        case .publish, .connect, .ownRecord, .republish: true
        case .find, .refresh, .seek: false
        }
    }

    /// Whether it is counted against what upkeep may send.
    var isUpkeep: Bool {
        switch purpose {
        case .republish, .seek, .refresh, .ownRecord: true
        case .find, .publish, .connect: false
        }
    }

    /// How many nodes it is to find. A pool for many keys has to be larger than what one key needs.
    var nodesWanted: Int {
        switch purpose {
        case .republish(_, let keys): keys > 1 ? 2 * Node.replicasWanted : Node.replicasWanted
        case .find, .publish, .connect, .ownRecord, .refresh, .seek: Node.replicasWanted
        }
    }

    /// The question to a node.
    func request(to node: NodeInfo, for id: ActivityID) -> Request {
        Request(
            kind: .find, address: node.address, publicKey: node.publicKey, purpose: .lookup(id),
            body: .find(target, offset: 0, wantsNodes: wantsNodes))
    }

    /// The nodes that answered, in all families together, closest first; those whose networks have their share last.
    var respondersByDistance: [NodeInfo] {
        let byDistance = AddressFamily.allCases.flatMap { searches[$0]?.responders ?? [] }
            .map { (node: $0, id: NodeID(host: $0.address.host, mid: $0.publicKey.mid)) }
            .sorted { Distance($0.id, target) < Distance($1.id, target) }
            .map(\.node)
        return PrefixShare.crowdedLast(byDistance, limitingLocal: limitsLocal) { $0.address.host }
    }

    /// Those of them that gave a token.
    var respondersWithTokens: [(node: NodeInfo, token: Token)] {
        respondersByDistance.compactMap { node in tokens[node].map { (node, $0) } }
    }
}

/// The values that a search has come across: the highest version of each signer, and every unsigned one once.
struct Findings: Sendable {
    private var order: [EntryID] = []
    private var found: [EntryID: (entry: Entry, holder: NodeInfo?)] = [:]

    /// The most values that one search brings together: as many as sixteen nodes give. Who fills a key on each of its nodes
    /// with other values does not thereby hide one that all of them hold.
    private static let entriesMax = 16 * Int(Node.valuesPerNodeMax)

    /// Takes in a value; the holder is `nil` where it comes from our own archive.
    mutating func add(_ entry: Entry, from holder: NodeInfo?) {
        guard let known = found[entry.id]?.entry else {
            guard order.count < Findings.entriesMax else { return }
            order.append(entry.id)
            return found[entry.id] = (entry, holder)
        }
        guard let new = entry.signature?.version, let old = known.signature?.version, new > old else { return }
        found[entry.id] = (entry, holder)
    }

    /// Signed values first, each kind in the order of discovery.
    var all: [Entry] {
        let entries = order.compactMap { found[$0]?.entry }
        return entries.filter { $0.signature != nil } + entries.filter { $0.signature == nil }
    }

    /// The values that others held, in the order of discovery.
    var fromOthers: [(entry: Entry, holder: NodeInfo)] {
        order.compactMap { id in found[id].flatMap { found in found.holder.map { (found.entry, $0) } } }
    }

    /// A signed value that somebody else held.
    struct Discovery: Sendable {
        let entry: Entry
        let holder: NodeInfo
        /// How long it has to live: an hour from when it was signed.
        let expiry: Instant
    }

    /// The signed values that others held, in the order of discovery.
    ///
    /// - Parameter lifetime: how long values live after they were signed.
    func discoveries(livingFor lifetime: Duration) -> [Discovery] {
        order.compactMap { id in
            guard let (entry, holder) = found[id], let holder, let version = entry.signature?.version else {
                return nil
            }
            return Discovery(
                entry: entry, holder: holder,
                expiry: Instant(seconds: Int64(version.number)) + lifetime)
        }
    }
}
