internal import IPv8
internal import Kademlia

/// A value on its way to the nodes that are to hold it.
struct Publication: Sendable {
    let command: CommandID
    let target: Target
    let entry: Entry
    /// Nodes that answered the search and gave a token, closest first, and have not been asked yet.
    var candidates: [(node: NodeInfo, token: Token)]
    var askedCount = 0
    var acknowledgedCount = 0
    var outstandingCount = 0
}

/// Publishing: first here, durably; then on the closest nodes that answer, until enough hold it or none is left to ask.
extension Node {
    mutating func keptHere(
        _ entry: Entry, under target: Target, _ outcome: CommitOutcome, for command: CommandID, at now: Instant,
        into effects: inout [Effect]
    ) {
        guard outcome == .held else { return complete(command, .publishRefused(outcome), into: &effects) }
        guard let lookup = startLookup(.publish(command, entry), for: target, at: now, into: &effects) else {
            // It is kept here, which is what was asked for first.
            let outcome = PublishOutcome(askedCount: 0, acknowledgedCount: 0)
            return complete(command, .published(outcome), into: &effects)
        }
        advance(lookup, at: now, into: &effects)
    }

    mutating func storeOnResponders(
        of lookup: ActiveLookup, _ entry: Entry, for command: CommandID, at now: Instant,
        into effects: inout [Effect]
    ) {
        workCount += 1
        let id = ActivityID(number: workCount)
        publications[id] = Publication(
            command: command, target: lookup.target, entry: entry, candidates: lookup.respondersWithTokens)
        advance(publication: id, at: now, into: &effects)
    }

    mutating func publicationAnswered(_ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        publications[id]?.outstandingCount -= 1
        publications[id]?.acknowledgedCount += 1
        advance(publication: id, at: now, into: &effects)
    }

    mutating func publicationFailed(_ id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        publications[id]?.outstandingCount -= 1
        advance(publication: id, at: now, into: &effects)
    }

    /// Asks as many nodes as replicas are missing, and ends when none is missing or nobody is left.
    private mutating func advance(publication id: ActivityID, at now: Instant, into effects: inout [Effect]) {
        guard var publication = publications[id] else { return }
        while publication.acknowledgedCount + publication.outstandingCount < Node.replicasWanted,
            !publication.candidates.isEmpty
        {
            let (node, token) = publication.candidates.removeFirst()
            let request = Request(
                kind: .store, address: node.address, publicKey: node.publicKey, purpose: .publication(id),
                body: .store(token, publication.target, [publication.entry.bytes]))
            guard submit(request, at: now, into: &effects) else { continue }
            publication.askedCount += 1
            publication.outstandingCount += 1
        }
        publications[id] = publication
        guard publication.outstandingCount == 0 else { return }
        publications[id] = nil
        let outcome = PublishOutcome(
            askedCount: publication.askedCount, acknowledgedCount: publication.acknowledgedCount)
        complete(publication.command, .published(outcome), into: &effects)
    }
}
