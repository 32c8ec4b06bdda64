internal import IPv8
internal import Kademlia

/// What follows when a node has values for a search: the pages beyond the first, and in the end copies where there are
/// none.
extension Node {
    /// How far a signer's clock may be ahead of ours.
    private static let clocksApartMax: Duration = .seconds(300)
    /// How many values of one node are asked for.
    static let valuesPerNodeMax: UInt32 = 256

    /// Asks for the next page of a node's values, if the one before was full.
    mutating func askForPage(
        after offset: UInt32, _ response: FindResponse, of node: NodeInfo, for id: ActivityID, at now: Instant,
        into effects: inout [Effect]
    ) {
        let next = offset + UInt32(FindResponse.valueCountMax)
        guard response.values.count >= FindResponse.valueCountMax, next < Node.valuesPerNodeMax,
            let active = lookups[id]
        else { return }
        let request = Request(
            kind: .find, address: node.address, publicKey: node.publicKey, purpose: .page(id),
            body: .find(active.target, offset: next, wantsNodes: false))
        if submit(request, at: now, into: &effects) { lookups[id]?.outstandingPages += 1 }
    }

    mutating func pageAnswered(
        _ id: ActivityID, by node: NodeInfo, _ response: FindResponse, _ entries: [Entry], after request: Request,
        at now: Instant, into effects: inout [Effect]
    ) {
        guard case .find(_, let offset, _) = request.body else { return }
        lookups[id]?.outstandingPages -= 1
        for entry in entries { lookups[id]?.findings.add(entry, from: node) }
        askForPage(after: offset, response, of: node, for: id, at: now, into: &effects)
        advance(id, at: now, into: &effects)
    }

    mutating func pageFailed(_ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        lookups[id]?.outstandingPages -= 1
        advance(id, at: now, into: &effects)
    }

    /// Stores what a search has found on the closest node that had none of it, and here, as the reference does: so a
    /// value comes nearer to where it is looked for. Nobody waits for it.
    ///
    /// Only for as long as the value would live without it: its version is the time at which it was signed, and from then
    /// on it has an hour. What is unsigned does not tell its age, so it is left where it is. The reference starts the
    /// hour anew, so that looking for a dead value once an hour keeps it alive for ever. What claims to be signed in
    /// the future would have more than its hour, so that too is left where it is.
    mutating func spread(_ search: ActiveLookup, at now: Instant, into effects: inout [Effect]) {
        let fresh = search.findings.discoveries(livingFor: servedFor)
            .filter { $0.expiry > now && $0.expiry - servedFor <= now + Node.clocksApartMax }
            .prefix(StoreRequest.valueCountMax)
        guard !fresh.isEmpty else { return }
        if let (node, token) = search.respondersWithTokens.first(where: { search.emptyHanded.contains($0.node) }) {
            let request = Request(
                kind: .store, address: node.address, publicKey: node.publicKey, purpose: .upkeep,
                body: .store(token, search.target, fresh.map(\.entry.bytes)))
            submit(request, at: now, into: &effects)
        }
        for discovery in fresh {
            guard let commit = begin(.copy) else { return }
            let holder = discovery.holder
            let served = now + servingTime(of: search.target, in: holder.address.family, at: now)
            let intent = StoreIntent(
                target: search.target, entries: [discovery.entry], expiresAt: min(served, discovery.expiry),
                origin: .stored(by: holder.publicKey.mid, from: holder.address))
            effects.append(.commit(commit, intent))
        }
    }
}
