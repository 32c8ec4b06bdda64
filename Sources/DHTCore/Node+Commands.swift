internal import IPv8
internal import Kademlia

/// What the node's user asks for. Every command completes, whatever happens.
extension Node {
    /// How many values of our own archive go into a search.
    private static let ownValuesMax = 1024

    mutating func start(_ command: Command, _ id: CommandID, at now: Instant, into effects: inout [Effect]) {
        let isStarted =
            switch command {
            case .ping(let address): startPing(address, id, at: now, into: &effects)
            case .find(let target): startFind(target, id, at: now, into: &effects)
            case .connect(let mid, let address):
                startConnecting(to: mid, knownAddress: address, id, at: now, into: &effects)
            case .publish(let target, let entry): startPublishing(entry, under: target, id, at: now, into: &effects)
            }
        if !isStarted { complete(id, .refusedAsBusy, into: &effects) }
    }

    private mutating func startPing(
        _ address: Address, _ id: CommandID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        let request = Request(kind: .ping, address: address, publicKey: nil, purpose: .command(id), body: .ping)
        guard canReach(address) else {
            complete(id, .unreachable, into: &effects)
            return true
        }
        return submit(request, at: now, into: &effects)
    }

    private mutating func startFind(
        _ target: Target, _ id: CommandID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        guard let lookup = startLookup(.find(id), for: target, at: now, into: &effects) else { return false }
        if let read = begin(.ownValues(lookup)) {
            lookups[lookup]?.awaitsOwnValues = true
            effects.append(.load(read, target: target, offset: 0, limit: Node.ownValuesMax))
        }
        advance(lookup, at: now, into: &effects)
        return true
    }

    private mutating func startPublishing(
        _ entry: Entry, under target: Target, _ id: CommandID, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        guard let commit = begin(.publication(id, target, entry)) else { return false }
        let intent = StoreIntent(
            target: target, entries: [entry], expiresAt: now + servedFor, origin: .published)
        effects.append(.commit(commit, intent))
        return true
    }
}
