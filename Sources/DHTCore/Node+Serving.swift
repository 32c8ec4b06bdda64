internal import IPv8
internal import Kademlia

/// What a node does for others: keeps their values, finds values and nodes for them.
extension Node {
    private static let neighboursConsidered = 20

    mutating func serve(_ request: FindRequest, to asker: NodeInfo, at now: Instant, into effects: inout [Effect]) {
        guard !request.wantsNodes else {
            return answer(request, to: asker, with: [], at: now, into: &effects)
        }
        let isContact = isContact(asker)
        guard isContact || reads.take(at: now),
            let id = begin(.find(request, from: asker), in: isContact ? .known : .strangers)
        else { return drop(.overloaded) }
        effects.append(
            .load(id, target: request.target, offset: Int(request.offset), limit: FindResponse.valueCountMax))
    }

    mutating func entriesLoaded(
        _ id: WorkID, _ values: [[UInt8]], at now: Instant, into effects: inout [Effect]
    ) {
        switch work.removeValue(forKey: id) {
        case .find(let request, let asker)?: answer(request, to: asker, with: values, at: now, into: &effects)
        case .ownValues(let lookup)?: ownValuesLoaded(values, for: lookup, at: now, into: &effects)
        case .packet?, .store?, .publication?, .copy?, .dueKeys?, .republishable?, .soughtCopy?, nil: return
        }
    }

    /// A search goes on without our own values. A peer gets no answer: that there are no values would not be true.
    mutating func loadFailed(_ id: WorkID, at now: Instant, into effects: inout [Effect]) {
        switch work.removeValue(forKey: id) {
        case .find?: drop(.archiveFailed)
        case .ownValues(let lookup)?: ownValuesLoaded([], for: lookup, at: now, into: &effects)
        case .packet?, .store?, .publication?, .copy?, .dueKeys?, .republishable?, .soughtCopy?, nil: return
        }
    }

    /// Answers with values, or with the closest nodes where there are none, the first of which punctures the asker.
    private mutating func answer(
        _ request: FindRequest, to asker: NodeInfo, with values: [[UInt8]], at now: Instant,
        into effects: inout [Effect]
    ) {
        guard let token = mint.token(for: asker.publicKey.mid, at: asker.address) else { return drop(.overloaded) }
        var nodes: [NodeInfo] = []
        if values.isEmpty {
            let askerID = NodeID(host: asker.address.host, mid: asker.publicKey.mid)
            nodes =
                families[asker.address.family]?.table
                .closest(to: request.target, count: FindResponse.nodeCountMax, at: now, excluding: askerID)
                .map(\.node) ?? []
        }
        let response = Message.findResponse(FindResponse(id: request.id, token: token, values: values, nodes: nodes))
        guard mayAnswer(asker, response, at: now, into: &effects) else { return }
        if let closest = nodes.first {
            requestPuncture(
                by: closest, ofLAN: request.lan, wan: asker.address, UInt16(truncatingIfNeeded: request.id.number),
                into: &effects)
        }
        send(response, to: asker, into: &effects)
    }

    mutating func store(
        _ entries: [Entry], _ request: StoreRequest, from sender: NodeInfo, at now: Instant,
        into effects: inout [Effect]
    ) {
        guard !entries.isEmpty else {
            return answer(sender, .storeResponse(StoreResponse(id: request.id)), at: now, into: &effects)
        }
        guard let id = begin(.store(request, from: sender), in: isContact(sender) ? .known : .strangers) else {
            return drop(.overloaded)
        }
        let intent = StoreIntent(
            target: request.target, entries: entries,
            expiresAt: now + servingTime(of: request.target, in: sender.address.family, at: now),
            origin: .stored(by: sender.publicKey.mid, from: sender.address))
        effects.append(.commit(id, intent))
    }

    mutating func commitCompleted(
        _ id: WorkID, _ outcome: CommitOutcome, at now: Instant, into effects: inout [Effect]
    ) {
        switch work.removeValue(forKey: id) {
        case .store(let request, let sender)?:
            switch outcome {
            case .held, .superseded:
                answer(sender, .storeResponse(StoreResponse(id: request.id)), at: now, into: &effects)
            case .refused: drop(.noRoom)
            case .failed: drop(.archiveFailed)
            }
        case .publication(let command, let target, let entry)?:
            keptHere(entry, under: target, outcome, for: command, at: now, into: &effects)
        case .soughtCopy(let run)?: soughtCopyKept(run, at: now, into: &effects)
        case .packet?, .find?, .ownValues?, .copy?, .dueKeys?, .republishable?, nil: return
        }
    }

    /// How long a value that is stored here now is served: ``servedFor``, halved for each node beyond the seventh that is
    /// closer to the target than we are. That keeps values from spreading over half of the overlay. Of one network only its
    /// share counts, or whoever has one could have others' values forgotten.
    func servingTime(of target: Target, in family: AddressFamily, at now: Instant) -> Duration {
        guard let table = families[family]?.table else { return servedFor }
        let closer = min(table.closerCount(to: target, at: now), Node.neighboursConsidered)
        return servedFor / (1 << max(0, closer - Bucket.sizeMax + 1))
    }
}
