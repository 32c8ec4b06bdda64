internal import IPv8
internal import Kademlia

/// From a datagram to a packet that is worth checking, and from a checked packet to who handles it.
///
/// What costs nothing comes first: parsing, tokens, known requests, flood limits. Only then are signatures checked, those
/// of the packet and of the entries in it in one go.
extension Node {
    mutating func receive(
        _ bytes: [UInt8], from source: Address, to host: IPAddress?, at now: Instant, into effects: inout [Effect]
    ) {
        counters.datagramsReceived += 1
        if bytes == LocalCall.bytes { return answerCall(from: source, at: now, into: &effects) }
        do throws(WireError) {
            let packet = try Packet(decoding: bytes)
            guard source.isReachable, families.has(source.family) else { return drop(.badSource) }
            screen(packet, from: source, to: host, at: now, into: &effects)
        } catch {
            drop(.undecodable(error))
        }
    }

    private mutating func screen(
        _ packet: Packet, from source: Address, to host: IPAddress?, at now: Instant, into effects: inout [Effect]
    ) {
        guard let sender = packet.sender else {
            return receiveUnsigned(packet.message, from: source, to: host, at: now, into: &effects)
        }
        guard sender.mid != identity.mid else { return drop(.ownPacket) }
        let refusal: DropReason.Refusal? =
            switch packet.message {
            case .pingRequest, .findRequest:
                refusalOfRequest(from: sender, at: source, now: now)
            case .introductionRequest, .connectPeerRequest:
                refusalOfDiscovery(from: sender, at: source, now: now)
            case .storePeerRequest(let request):
                refusalOfDiscovery(from: sender, at: source, now: now)
                    ?? refusal(of: request, from: sender, at: source, now: now)
            case .storeRequest(let request):
                refusalOfRequest(from: sender, at: source, now: now)
                    ?? refusal(of: request, from: sender, at: source, now: now)
            case .pingResponse(let response): refusalOfResponse(response.id, .ping, from: sender, at: source)
            case .findResponse(let response): refusalOfResponse(response.id, .find, from: sender, at: source)
            case .storeResponse(let response): refusalOfResponse(response.id, .store, from: sender, at: source)
            case .introductionResponse(let response):
                refusalOfResponse(RequestID(UInt32(response.identifier)), .introduction, from: sender, at: source)
            case .storePeerResponse(let response):
                refusalOfResponse(response.id, .storePeer, from: sender, at: source)
            case .connectPeerResponse(let response):
                refusalOfResponse(response.id, .connectPeer, from: sender, at: source)
            case .puncture, .punctureRequest: nil
            }
        if let refusal { return drop(refusal) }
        // A puncture has done its work by arriving; nothing follows from what it says.
        if case .puncture = packet.message { return counters.received[packet.message.id, default: 0] += 1 }
        check(packet, by: sender, from: source, to: host, at: now, into: &effects)
    }

    /// Has the signatures checked. An answer that is awaited has a share of its own, whoever gives it: nobody else
    /// knows its number. Its request is not given up meanwhile.
    private mutating func check(
        _ packet: Packet, by sender: PublicKey, from source: Address, to host: IPAddress?, at now: Instant,
        into effects: inout [Effect]
    ) {
        guard let entries = entries(in: packet.message) else { return }
        let id = NodeID(host: source.host, mid: sender.mid)
        let awaited = packet.message.responseID
        let levels = [sender.level] + entries.compactMap { $0.signature?.signer.level }
        let claim: VerificationBudget.Claim =
            awaited != nil
            ? .awaitedAnswer : claimsToBeContact(id, at: source, levels, now: now) ? .contact : .stranger
        guard hasRoom(for: claim) else { return drop(.overloaded) }
        let hold = awaited.flatMap { requests.hold($0) }
        guard awaited == nil ? checks.begin(id, at: source) : hold != nil else { return drop(.overloaded) }
        guard verifications.take(levels, for: claim, at: now),
            let work = begin(
                .packet(packet, from: source, to: host, entries: entries, answers: hold),
                in: claim == .stranger ? .strangers : .known)
        else {
            checkEnded(of: id, at: source, hold, now: now)
            return drop(.overloaded)
        }
        effects.append(.verify(work, packet: packet, entries: entries))
    }

    /// Whether a request seems to be a contact's. One that asks for more of the costly checks than a peer may ask for
    /// shares what strangers have.
    private mutating func claimsToBeContact(
        _ id: NodeID, at source: Address, _ levels: [KeyLevel], now: Instant
    ) -> Bool {
        guard families[source.family]?.table.address(of: id) == source else { return false }
        return levels.allSatisfy { $0 == .curve25519 } || olderCurveFloods.admit(id, at: now)
    }

    private func hasRoom(for claim: VerificationBudget.Claim) -> Bool {
        switch claim {
        case .awaitedAnswer: work.count < Node.workMax
        case .contact: work.count < Node.contactsWorkMax
        case .stranger: work.count < Node.strangersWorkMax
        }
    }

    private mutating func checkEnded(of id: NodeID, at source: Address, _ hold: RequestTable.Hold?, now: Instant) {
        if let hold { requests.release(hold, at: now) } else { checks.end(id, at: source) }
    }

    /// The entries that a message carries. In a store request each has to be one; in an answer those that are none are
    /// skipped, so that one bad value does not spoil a search.
    private mutating func entries(in message: Message) -> [Entry]? {
        switch message {
        case .storeRequest(let request):
            do throws(EntryError) {
                var entries: [Entry] = []
                for value in request.values { entries.append(try Entry(bytes: value)) }
                return entries
            } catch {
                drop(.badEntry(error))
                return nil
            }
        case .findResponse(let response):
            let entries = response.values.prefix(FindResponse.valueCountMax).compactMap { try? Entry(bytes: $0) }
            counters.valuesSkipped += response.values.count - entries.count
            return entries
        default:
            return []
        }
    }

    private func refusalOfRequest(from sender: PublicKey, at source: Address, now: Instant) -> DropReason.Refusal? {
        floods.isBlocked(NodeID(host: source.host, mid: sender.mid), at: now) ? .floodLimit : nil
    }

    private func refusalOfDiscovery(from sender: PublicKey, at source: Address, now: Instant) -> DropReason.Refusal? {
        discoveryFloods.isBlocked(NodeID(host: source.host, mid: sender.mid), at: now) ? .floodLimit : nil
    }

    private func refusal(
        of request: StorePeerRequest, from sender: PublicKey, at source: Address, now: Instant
    ) -> DropReason.Refusal? {
        if request.target.bits != sender.mid.bits { return .foreignMid }
        return mint.isValid(request.token, from: sender.mid, at: source, now: now) ? nil : .badToken
    }

    private func refusal(
        of request: StoreRequest, from sender: PublicKey, at source: Address, now: Instant
    ) -> DropReason.Refusal? {
        if request.values.count > StoreRequest.valueCountMax { return .tooManyValues }
        return mint.isValid(request.token, from: sender.mid, at: source, now: now) ? nil : .badToken
    }

    private func refusalOfResponse(
        _ id: RequestID, _ kind: Request.Kind, from sender: PublicKey, at source: Address
    ) -> DropReason.Refusal? {
        isAwaited(id, kind, from: sender, at: source) ? nil : .unmatchedResponse
    }

    // MARK: After the check

    mutating func signaturesChecked(
        _ id: WorkID, _ verdict: SignatureVerdict, at now: Instant, into effects: inout [Effect]
    ) {
        guard case .packet(let packet, let source, let host, let entries, let hold)? = work.removeValue(forKey: id),
            let key = packet.sender
        else { return }
        checkEnded(of: NodeID(host: source.host, mid: key.mid), at: source, hold, now: now)
        guard verdict.packetIsAuthentic else { return drop(.badSignature) }
        let sender = NodeInfo(address: source, publicKey: key)
        if let host { paths.note(NodeID(host: source.host, mid: key.mid), reached: host) }
        let authentic = zip(entries, verdict.entriesAreAuthentic).filter(\.1).map(\.0)
        let allAuthentic = authentic.count == entries.count
        switch packet.message {
        case .pingRequest(let request):
            guard admit(sender, packet, at: now, into: &effects) else { return }
            answer(sender, .pingResponse(PingResponse(id: request.id)), at: now, into: &effects)
        case .findRequest(let request):
            guard admit(sender, packet, at: now, into: &effects) else { return }
            serve(request, to: sender, at: now, into: &effects)
        case .storeRequest(let request):
            guard allAuthentic else { return drop(.badEntrySignature) }
            guard admit(sender, packet, at: now, into: &effects) else { return }
            // The token went to that address.
            noteProof(of: sender, at: now)
            store(authentic, request, from: sender, at: now, into: &effects)
        case .introductionRequest(let request):
            guard admit(sender, packet, at: now, into: &effects) else { return }
            introduce(sender, request, at: now, into: &effects)
        case .storePeerRequest(let request):
            guard admit(sender, packet, at: now, into: &effects) else { return }
            noteProof(of: sender, at: now)
            store(request, from: sender, at: now, into: &effects)
        case .connectPeerRequest(let request):
            guard admit(sender, packet, at: now, into: &effects) else { return }
            connect(request, from: sender, at: now, into: &effects)
        case .storePeerResponse(let response):
            settle(response.id, .storePeer, from: sender, with: .stored, packet.message, at: now, into: &effects)
        case .connectPeerResponse(let response):
            settle(
                response.id, .connectPeer, from: sender, with: .connected(response.nodes), packet.message, at: now,
                into: &effects)
        case .pingResponse(let response):
            settle(response.id, .ping, from: sender, with: .pong, packet.message, at: now, into: &effects)
        case .findResponse(let response):
            counters.valuesSkipped += entries.count - authentic.count
            settle(
                response.id, .find, from: sender, with: .found(response, authentic), packet.message, at: now,
                into: &effects)
        case .storeResponse(let response):
            settle(response.id, .store, from: sender, with: .stored, packet.message, at: now, into: &effects)
        case .introductionResponse(let response):
            settle(
                RequestID(UInt32(response.identifier)), .introduction, from: sender, with: .introduced(response),
                packet.message, at: now, into: &effects)
        case .puncture, .punctureRequest:
            return
        }
    }

    /// Lets an authentic request in, if its sender has not used up its allowance, and notes that the sender is alive.
    private mutating func admit(
        _ sender: NodeInfo, _ packet: Packet, at now: Instant, into effects: inout [Effect]
    ) -> Bool {
        guard replays.admit(packet, at: now) else {
            drop(.replayed)
            return false
        }
        let id = NodeID(host: sender.address.host, mid: sender.publicKey.mid)
        let knownAddress = families[sender.address.family]?.table.address(of: id)
        let isLimited =
            knownAddress == nil && !NetworkPrefix(sender.address.host, limitingLocal: limitsLocalNetworks).isExempt
        // A host that has used up its allowance adds no key to those that are kept count of.
        let site = isLimited ? sender.address.host.site : nil
        let isHostBlocked = site.map { hostFloods.isBlocked($0, at: now) } ?? false
        guard !isHostBlocked, admit(id, packet.message, at: now) else {
            drop(.floodLimit)
            return false
        }
        if let site { _ = hostFloods.admit(site, at: now) }
        counters.received[packet.message.id, default: 0] += 1
        registry.noteSign(of: sender, at: now)
        noteQuery(from: sender, id, knownAt: knownAddress, at: now, into: &effects)
        return true
    }

    /// Counts a request of a node; `false` where it has used up its allowance.
    private mutating func admit(_ id: NodeID, _ request: Message, at now: Instant) -> Bool {
        switch request {
        case .introductionRequest, .storePeerRequest, .connectPeerRequest: discoveryFloods.admit(id, at: now)
        default: floods.admit(id, at: now)
        }
    }
}
