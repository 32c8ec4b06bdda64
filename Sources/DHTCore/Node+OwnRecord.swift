internal import IPv8
internal import Kademlia
internal import Maintenance

/// The nodes that remember where we are, so that others find us by our key.
struct OwnRecord: Sendable {
    private(set) var holders: [NodeInfo: Holder] = [:]
    /// Whether nodes are being looked for.
    var isLookingForHolders = false

    struct Holder: Sendable {
        var lastPingSent: Instant
        var failures = 0
    }

    /// Nodes are looked for while fewer than this remember us: half of the reference's `TARGET_NODES`.
    static let holdersWanted = 4
    /// How often the number of holders is looked at.
    static let interval: Duration = .seconds(30)
    /// How often each is pinged: it forgets us 60 seconds after the last ping (the reference's `PING_INTERVAL`).
    static let pingInterval: Duration = .seconds(25)

    private static let lookInterval: Duration = .seconds(1)

    var needsHolders: Bool { holders.count < OwnRecord.holdersWanted && !isLookingForHolders }

    /// A node has confirmed that it remembers us.
    mutating func confirmed(by node: NodeInfo, at now: Instant) { holders[node] = Holder(lastPingSent: now) }

    /// The holders whose turn it is to be pinged, which counts as done.
    mutating func takeDue(at now: Instant) -> [NodeInfo] {
        let due = holders.filter { now - $0.value.lastPingSent >= OwnRecord.pingInterval }.map(\.key)
            .sorted { ($0.publicKey.mid, $0.address) < ($1.publicKey.mid, $1.address) }
        for node in due { holders[node]?.lastPingSent = now }
        return due
    }

    /// When there may be something to do again: soon while holders are wanted, else when the next is to be pinged.
    func nextLook(after now: Instant) -> Instant {
        let nextPing = holders.values.map { $0.lastPingSent + OwnRecord.pingInterval }.min() ?? .distantPast
        let next = needsHolders ? now : min(nextPing, now + Job.ownRecord.interval)
        return max(next, now + OwnRecord.lookInterval)
    }

    mutating func answered(_ node: NodeInfo) { holders[node]?.failures = 0 }

    /// A holder that leaves two requests in a row unanswered is taken to have forgotten us.
    mutating func failed(_ node: NodeInfo) {
        guard let failures = holders[node]?.failures else { return }
        holders[node]?.failures = failures + 1
        if failures + 1 >= Contact.failuresMax { holders[node] = nil }
    }

    /// Our address is another: what the holders remember is of no use.
    mutating func addressChanged() { holders.removeAll() }
}

/// Keeps our own record on a few nodes.
extension Node {
    mutating func keepOwnRecord(at now: Instant, into effects: inout [Effect]) {
        registry.dropQuiet(at: now)
        for holder in ownRecord.takeDue(at: now) { ping(holder, at: now, into: &effects) }
        schedule.plan(.ownRecord, at: ownRecord.nextLook(after: now))
        guard ownRecord.needsHolders, now - holdersSoughtAt >= OwnRecord.interval, contactCount > 0 else { return }
        let target = Target(bits: identity.mid.bits)
        guard let lookup = startLookup(.ownRecord, for: target, at: now, into: &effects) else { return }
        holdersSoughtAt = now
        ownRecord.isLookingForHolders = true
        advance(lookup, at: now, into: &effects)
    }

    /// Asks the closest nodes that answered to remember us.
    mutating func storeOwnRecord(on lookup: ActiveLookup, at now: Instant, into effects: inout [Effect]) {
        ownRecord.isLookingForHolders = false
        let responders = lookup.respondersWithTokens.filter { ownRecord.holders[$0.node] == nil }
        for (node, token) in responders.prefix(Node.replicasWanted) {
            let request = Request(
                kind: .storePeer, address: node.address, publicKey: node.publicKey, purpose: .ownRecord,
                body: .storePeer(token, lookup.target))
            submit(request, at: now, into: &effects)
        }
    }
}
