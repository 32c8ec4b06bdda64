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

/// Searches: begun, driven by answers and silences, and brought to their end.
extension Node {
    /// How many nodes hold a value (the reference's `TARGET_NODES`).
    static let replicasWanted = 8

    /// Begins a search, or returns `nil` where too many are under way.
    mutating func startLookup(
        _ purpose: ActiveLookup.Purpose, for target: Target, at now: Instant, into effects: inout [Effect]
    ) -> LookupID? {
        guard lookups.count + publications.count + connections.count < Node.lookupsMax else { return nil }
        workCount += 1
        let id = LookupID(number: workCount)
        var searches: [AddressFamily: Lookup] = [:]
        for family in families.present {
            guard let table = families[family]?.table, table.count > 0 else { continue }
            let seeds = table.closest(to: target, count: Node.replicasWanted, at: now).map(\.node)
            searches[family] = Lookup(target: target, seeds: seeds, ownMid: identity.mid)
        }
        lookups[id] = ActiveLookup(purpose: purpose, target: target, searches: searches)
        return id
    }

    /// Asks whoever is next in a search, and ends it when nobody is.
    mutating func advance(_ id: LookupID, at now: Instant, into effects: inout [Effect]) {
        guard var active = lookups[id] else { return }
        for family in families.present {
            while let node = active.searches[family]?.next() {
                let request = Request(
                    kind: .find, address: node.address, publicKey: node.publicKey, purpose: .lookup(id),
                    body: .find(active.target, wantsNodes: active.wantsNodes))
                if !submit(request, at: now, into: &effects) { active.searches[family]?.failed(node) }
            }
        }
        let isOver = !active.awaitsOwnValues && active.searches.values.allSatisfy(\.isFinished)
        lookups[id] = isOver ? nil : active
        if isOver { finish(active, at: now, into: &effects) }
    }

    mutating func lookupAnswered(
        _ id: LookupID, by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], at now: Instant,
        into effects: inout [Effect]
    ) {
        let nodes = response.nodes.filter { !trackers.contains($0.address) && families[$0.address.family] != nil }
        // A node is looked for in the family that its address is of, whoever named it.
        lookups[id]?.searches[node.address.family]?.answered(
            node, naming: nodes.filter { $0.address.family == node.address.family })
        lookups[id]?.tokens[node] = response.token
        if !entries.isEmpty { lookups[id]?.holderCount += 1 }
        for entry in entries { lookups[id]?.findings.add(entry) }
        advance(id, at: now, into: &effects)
    }

    mutating func lookupFailed(_ id: LookupID, _ node: NodeInfo, at now: Instant, into effects: inout [Effect]) {
        lookups[id]?.searches[node.address.family]?.failed(node)
        advance(id, at: now, into: &effects)
    }

    mutating func ownValuesLoaded(
        _ values: [[UInt8]], for id: LookupID, at now: Instant, into effects: inout [Effect]
    ) {
        lookups[id]?.awaitsOwnValues = false
        for value in values {
            guard let entry = try? Entry(bytes: value) else { continue }
            lookups[id]?.findings.add(entry)
        }
        advance(id, at: now, into: &effects)
    }

    private mutating func finish(_ active: ActiveLookup, at now: Instant, into effects: inout [Effect]) {
        switch active.purpose {
        case .refresh:
            return
        case .find(let command):
            let outcome = FindOutcome(
                entries: active.findings.all,
                askedCount: active.searches.values.reduce(0) { $0 + $1.askedCount },
                answeredCount: active.searches.values.reduce(0) { $0 + $1.answeredCount },
                holderCount: active.holderCount)
            complete(command, .found(outcome), into: &effects)
        case .publish(let command, let entry):
            storeOnResponders(of: active, entry, for: command, at: now, into: &effects)
        case .connect(let command):
            askHolders(foundBy: active, for: command, at: now, into: &effects)
        case .ownRecord:
            storeOwnRecord(on: active, at: now, into: &effects)
        }
    }
}
