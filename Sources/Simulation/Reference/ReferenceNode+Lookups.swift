internal import DHTCore
internal import IPv8
internal import Kademlia

/// Lookups and the stores after them.
extension ReferenceNode {
    func crawl(_ target: Target, for purpose: ReferenceCrawl.Purpose, _ actions: inout Actions) {
        let seeds = table?.closest(to: target, count: ReferenceCrawl.seedsMax) ?? []
        advance(ReferenceCrawl(target, for: purpose, seeds: seeds), &actions)
    }

    /// Asks the next nodes; the lookup ends when none is left.
    func advance(_ crawl: ReferenceCrawl, _ actions: inout Actions) {
        while let candidate = crawl.next() {
            guard let introducer = candidate.introducer else {
                ask(candidate.contact, in: crawl, &actions)
                continue
            }
            // A node that answers a find makes its closest node puncture the requester: the node to ask next.
            find(
                Target(bits: candidate.contact.id.bits), at: introducer,
                for: .puncture(crawl, before: candidate.contact), wantsNodes: crawl.wantsNodes, &actions)
        }
        if crawl.underWay == 0 { finish(crawl, &actions) }
    }

    func ask(_ contact: ReferenceContact, in crawl: ReferenceCrawl, _ actions: inout Actions) {
        find(crawl.target, at: contact, for: .lookup(crawl), wantsNodes: crawl.wantsNodes, &actions)
    }

    private func finish(_ crawl: ReferenceCrawl, _ actions: inout Actions) {
        let closest = Array(crawl.triedByDistance.prefix(ReferenceNode.replicasWanted))
        switch crawl.purpose {
        case .find:
            let values = crawl.values
            if let place = crawl.cacheCandidate, !values.isEmpty {
                store(values, for: crawl, on: [place], &actions)
            } else {
                report(crawl, &actions)
            }
        case .publish(let id, let entry):
            guard !closest.isEmpty else {
                let nowhere = PublishOutcome(askedCount: 0, acknowledgedCount: 0)
                return actions.completions.append((id, .published(nowhere)))
            }
            store([entry], for: crawl, on: closest, &actions)
        case .refresh: continueRefresh(&actions)
        case .ownRecord:
            let mid = identity.publicKey.mid
            for contact in closest where !keepers.contains(where: { $0.mid == contact.mid }) {
                guard let token = tokens[contact.id]?.token else { continue }
                request(.storePeer, of: ReferenceContact(contact.node), for: .storePeer, &actions) {
                    .storePeerRequest(StorePeerRequest(id: $0, token: token, target: Target(bits: mid.bits)))
                }
            }
        }
    }

    /// Stores values on nodes that gave a token, and here if there are few nodes or we are closer.
    private func store(
        _ values: [Entry], for crawl: ReferenceCrawl, on nodes: [ReferenceContact], _ actions: inout Actions
    ) {
        let (target, now) = (crawl.target, actions.now)
        let values = Array(values.prefix(StoreRequest.valueCountMax))
        let farthest = nodes.map { Distance($0.id, target) }.max()
        if nodes.count < ReferenceNode.replicasWanted || farthest.map({ Distance(ownID, target) < $0 }) ?? true {
            for entry in values.reversed() { store.put(entry, under: target, at: now) }
        }
        let permitted = nodes.compactMap { node in
            tokens[node.id].flatMap { now - $0.givenAt < ReferenceNode.tokenLifetime ? (node, $0.token) : nil }
        }
        let storing = ReferenceStoring(for: crawl, asking: permitted.count)
        for (node, token) in permitted {
            request(.store, of: node, for: .store(storing), &actions) {
                .storeRequest(StoreRequest(id: $0, token: token, target: target, values: values.map(\.bytes)))
            }
        }
        if permitted.isEmpty { stored(storing, &actions) }
    }

    /// Every store has been acknowledged or has failed.
    func stored(_ storing: ReferenceStoring, _ actions: inout Actions) {
        switch storing.waiter.purpose {
        case .find: report(storing.waiter, &actions)
        case .publish(let id, _):
            let outcome = PublishOutcome(askedCount: storing.asked, acknowledgedCount: storing.acknowledged)
            actions.completions.append((id, .published(outcome)))
        case .refresh, .ownRecord: return
        }
    }

    private func report(_ crawl: ReferenceCrawl, _ actions: inout Actions) {
        guard case .find(let id) = crawl.purpose else { return }
        let outcome = FindOutcome(
            entries: crawl.result, askedCount: crawl.tried.count, answeredCount: crawl.responses.count,
            holderCount: crawl.responses.count { !$0.values.isEmpty })
        actions.completions.append((id, .found(outcome)))
    }
}
