internal import IPv8
internal import Kademlia

/// Searches: begun, driven by answers and silences, and brought to their end.
extension Node {
    /// How many nodes hold a value (the reference's `TARGET_NODES`).
    static let replicasWanted = 8

    /// Begins a search, or returns `nil` where too many are under way.
    mutating func startLookup(
        _ purpose: ActiveLookup.Purpose, for target: Target, at now: Instant, into effects: inout [Effect]
    ) -> ActivityID? {
        guard lookups.count + publications.count + connections.count < Node.lookupsMax else { return nil }
        workCount += 1
        let id = ActivityID(number: workCount)
        var active = ActiveLookup(
            purpose: purpose, target: target, begunAt: now, limitsLocal: limitsLocalNetworks, searches: [:])
        for family in families.present {
            guard let table = families[family]?.table, table.count > 0 else { continue }
            let seeds = table.seeds(for: target, count: active.nodesWanted, at: now).map(\.node)
            active.searches[family] = Lookup(
                target: target, seeds: seeds, ownMid: identity.mid, resultCountMax: active.nodesWanted,
                limitsLocal: limitsLocalNetworks)
        }
        lookups[id] = active
        return id
    }

    /// Asks whoever is next in a search, and ends it when nobody is.
    mutating func advance(_ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard var active = lookups[id] else { return }
        let isBudgeted = active.isUpkeep && upkeep.isEnabled
        if isBudgeted { upkeep.allow(at: now) }
        for family in families.present {
            while !isBudgeted || upkeep.mayBegin, let step = active.searches[family]?.next() {
                let isUnderWay =
                    havePunctured(step, for: id, at: now, into: &effects)
                    || submit(active.request(to: step.node, for: id), at: now, into: &effects)
                if !isUnderWay { active.searches[family]?.failed(step.node) }
            }
        }
        let isOver =
            !active.awaitsOwnValues && active.outstandingPages == 0 && active.searches.values.allSatisfy(\.isFinished)
        lookups[id] = isOver ? nil : active
        if isBudgeted, !isOver, !upkeep.mayBegin { planUpkeepSoon(at: now) }
        if isOver { finish(active, at: now, into: &effects) }
    }

    /// Has the next node open its NAT for us, by way of who named it; `false` where there is no need. A contact can be
    /// reached, and in a network that is the machine's own there is no NAT.
    private mutating func havePunctured(
        _ step: Lookup.Step, for id: ActivityID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        let host = step.node.address.host
        let nodeID = NodeID(host: host, mid: step.node.publicKey.mid)
        guard let introducer = step.introducer, !host.isLoopback,
            families[host.family]?.table.address(of: nodeID) == nil
        else { return false }
        // With the node's own id as target, it is the first to be named, and so the one that is punctured.
        let request = Request(
            kind: .find, address: introducer.address, publicKey: introducer.publicKey,
            purpose: .puncture(id, step.node), body: .find(Target(bits: nodeID.bits), offset: 0, wantsNodes: true))
        guard submit(request, at: now, into: &effects) else { return false }
        // The node itself is asked then, in any case.
        if isBudgeted(request) { upkeep.promise() }
        return true
    }

    /// Asks a node that is next in a search, after it has been punctured as far as that went.
    mutating func ask(_ node: NodeInfo, for id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard let active = lookups[id] else { return }
        let request = active.request(to: node, for: id)
        if isBudgeted(request) { upkeep.takeBackPromise() }
        if !submit(request, at: now, into: &effects) {
            lookupFailed(id, node, at: now, into: &effects)
        }
    }

    mutating func lookupAnswered(
        _ id: ActivityID, by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], at now: Instant,
        into effects: inout [Effect]
    ) {
        let nodes = response.nodes.filter {
            !trackers.contains($0.address) && families.has($0.address.family)
                && mayBeNamed($0.address, by: node.address.host)
        }
        lookups[id]?.searches[node.address.family]?.answered(
            node, naming: nodes.filter { $0.address.family == node.address.family })
        // A node is looked for in the family that its address is of, whoever named it.
        for other in nodes where other.address.family != node.address.family {
            lookups[id]?.searches[other.address.family]?.learn(of: other)
        }
        lookups[id]?.tokens[node] = response.token
        if entries.isEmpty {
            lookups[id]?.emptyHanded.insert(node)
        } else {
            lookups[id]?.holderCount += 1
        }
        for entry in entries { lookups[id]?.findings.add(entry, from: node) }
        askForPage(after: 0, response, of: node, for: id, at: now, into: &effects)
        advance(id, at: now, into: &effects)
    }

    mutating func lookupFailed(_ id: ActivityID, _ node: NodeInfo, at now: Instant, into effects: inout [Effect]) {
        lookups[id]?.searches[node.address.family]?.failed(node)
        advance(id, at: now, into: &effects)
    }

    mutating func ownValuesLoaded(
        _ values: [[UInt8]], for id: ActivityID, at now: Instant, into effects: inout [Effect]
    ) {
        lookups[id]?.awaitsOwnValues = false
        for value in values {
            guard let entry = try? Entry(bytes: value) else { continue }
            lookups[id]?.findings.add(entry, from: nil)
        }
        advance(id, at: now, into: &effects)
    }

    private mutating func finish(_ active: ActiveLookup, at now: Instant, into effects: inout [Effect]) {
        switch active.purpose {
        case .refresh:
            noteDensity(around: active)
        case .find(let command):
            spread(active, at: now, into: &effects)
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
        case .republish(let run, _):
            pooled(active, for: run, at: now, into: &effects)
        case .seek(let run):
            sought(active, for: run, at: now, into: &effects)
        case .ownRecord:
            storeOwnRecord(on: active, at: now, into: &effects)
        }
    }
}
