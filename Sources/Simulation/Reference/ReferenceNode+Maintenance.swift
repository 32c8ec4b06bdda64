internal import IPv8
internal import Kademlia

/// The state of the random walk.
struct ReferenceWalk {
    /// Introduced addresses that have not answered yet.
    var known: [Address] = []
    /// Addresses visited within the last three seconds.
    var outstanding: [(address: Address, at: Instant)] = []
    var bootstrappedAt = Instant.distantPast
}

/// Recurring work: the random walk, pings, bucket refresh, and its own record.
extension ReferenceNode {
    /// The random walk continues while there are fewer peers than this.
    private static let peersWanted = 20
    private static let pingInterval: Duration = .seconds(25)
    private static let walkTimeOut: Duration = .seconds(3)
    private static let walksMax = 5
    private static let bootstrapInterval: Duration = .seconds(30)
    private static let bucketAgeMax: Duration = .seconds(15 * 60)
    static let ownRecordInterval: Duration = .seconds(30)
    static let keepersInterval: Duration = .seconds(10)
    private static let keptFor: Duration = .seconds(60)

    /// Pings the contacts that are due, and continues the random walk.
    func takeStep(_ actions: inout Actions) {
        let now = actions.now
        table?.removeBad()
        let contacts = table?.contacts ?? []
        for contact in contacts where now - contact.lastPing >= ReferenceNode.pingInterval { ping(contact, &actions) }
        let isWalking = contacts.count < ReferenceNode.peersWanted
        if isWalking { takeWalk(among: contacts, &actions) }
        let due = contacts.lazy.map(\.lastPing).min().map { $0 + ReferenceNode.pingInterval }
        scheduleStep(by: isWalking ? now : due ?? now, after: now)
    }

    private func takeWalk(among contacts: [ReferenceContact], _ actions: inout Actions) {
        let now = actions.now
        let over = walk.outstanding.filter { now - $0.at > ReferenceNode.walkTimeOut }.map(\.address)
        walk.outstanding.removeAll { now - $0.at > ReferenceNode.walkTimeOut }
        walk.known.removeAll { over.contains($0) }
        guard walk.outstanding.count < ReferenceNode.walksMax else { return }
        let open = walk.known.filter { address in !walk.outstanding.contains { $0.address == address } }
        if let next = open.randomElement(using: &actions.generator),
            Int.random(in: 0...255, using: &actions.generator) >= 50
        {
            walk.outstanding.append((next, now))
            askForIntroduction(at: next, &actions)
        } else if let contact = contacts.randomElement(using: &actions.generator) {
            askForIntroduction(at: contact.node.address, &actions)
        } else if now - walk.bootstrappedAt >= ReferenceNode.bootstrapInterval {
            walk.bootstrappedAt = now
            for peer in peers { askForIntroduction(at: peer, &actions) }
        }
    }

    private func askForIntroduction(at destination: Address, _ actions: inout Actions) {
        let time = claimGlobalTime()
        let request = IntroductionRequest(
            style: .old, globalTime: time, destination: destination, sourceLAN: address, sourceWAN: wan ?? .none,
            flags: [.wantsNewStyle, .advice], identifier: UInt16(truncatingIfNeeded: time))
        send(.introductionRequest(request), to: destination, &actions)
    }

    /// Accepts the reported external address, and remembers the introduced peer.
    func learn(from response: IntroductionResponse, of node: NodeInfo, _ actions: inout Actions) {
        if response.destination.family == .ipv4, !response.destination.host.isPrivate { wan = response.destination }
        walk.known.removeAll { $0 == node.address }
        let introduced = response.introducedWAN
        if introduced.isReachable, introduced.host != wan?.host, !walk.known.contains(introduced),
            table?.contacts.contains(where: { $0.node.address == introduced }) != true
        {
            walk.known.append(introduced)
        }
        discovered(node, &actions)
    }

    /// Adds a node that the random walk met, and pings it to measure its distance.
    func discovered(_ node: NodeInfo, _ actions: inout Actions) {
        guard wan != nil else { return }
        let newcomer = ReferenceContact(node)
        if addToTable(newcomer, at: actions.now) === newcomer { ping(newcomer, &actions) }
    }

    // MARK: Refreshing

    /// Starts with the buckets that have been silent for a quarter of an hour, one after the other.
    func beginRefresh(_ actions: inout Actions) {
        refreshBegan = actions.now
        if let table {
            refreshesLeft = table.buckets.indices
                .filter { actions.now - table.buckets[$0].lastChanged > ReferenceNode.bucketAgeMax }
                .map { ($0, table.prefixLength(ofBucket: $0)) }
        }
        refreshNext(&actions)
    }

    func refreshNext(_ actions: inout Actions) {
        guard let next = refreshesLeft.first else {
            return timers.insert(.refresh, at: actions.now + ReferenceNode.refreshInterval)
        }
        // As many zeros as the prefix has bits, instead of the prefix: in the bucket only by chance.
        var bits = Bits160(
            high: actions.generator.next(), middle: actions.generator.next(),
            low: UInt32(truncatingIfNeeded: actions.generator.next()))
        for position in 0..<next.prefixLength { bits[bit: position] = false }
        crawl(Target(bits: bits), for: .refresh, &actions)
    }

    func continueRefresh(_ actions: inout Actions) {
        guard !refreshesLeft.isEmpty else { return }
        table?.markRefreshed(refreshesLeft.removeFirst().number, at: refreshBegan)
        refreshNext(&actions)
    }

    // MARK: Being found by key

    /// Stores its own record, while fewer than half of the wanted nodes have it.
    func storeOwnRecord(_ actions: inout Actions) {
        guard keepers.count < ReferenceNode.replicasWanted / 2, table != nil else { return }
        crawl(Target(bits: identity.publicKey.mid.bits), for: .ownRecord, &actions)
    }

    /// Pings the nodes that store its record, and drops records of peers that no longer ping.
    func pingKeepers(_ actions: inout Actions) {
        let now = actions.now
        keepers.removeAll(where: \.isBad)
        for keeper in keepers where now - keeper.lastPing >= ReferenceNode.pingInterval { ping(keeper, &actions) }
        for mid in peersKept.keys {
            peersKept[mid]?.removeAll { now - $0.lastQuery > ReferenceNode.keptFor }
            if peersKept[mid]?.isEmpty ?? true { peersKept[mid] = nil }
        }
    }
}
