internal import IPv8
internal import Kademlia

/// How nodes behind NATs come to know each other: introductions, and the punctures that open the way.
extension Node {
    /// How many punctures are sent to addresses that somebody named, in an interval. A puncture is larger than the
    /// unsigned request for it, so without a bound we would be of use to those who flood others.
    private static let puncturesMax = 100
    private static let puncturesInterval: Duration = .seconds(5)

    /// Introduces the asker to a random contact, has that contact puncture the asker, and tells the asker its address.
    /// Who has more contacts than its limit leaves newcomers to others.
    mutating func introduce(
        _ asker: NodeInfo, _ request: IntroductionRequest, at now: Instant, into effects: inout [Effect]
    ) {
        guard let family = families[asker.address.family] else { return }
        if let peerLimit, contactCount > peerLimit { return drop(.peerLimit) }
        // The old style cannot tell an asker its IPv6 address.
        let style: IntroductionStyle =
            request.style == .new || request.flags.contains(.wantsNewStyle) || asker.address.family == .ipv6
            ? .new : .old
        let others = family.table.contacts.filter {
            $0.node.publicKey != asker.publicKey && $0.status(at: now) == .good
        }
        noteLAN(of: asker, request.sourceLAN)
        let introduced = others.randomElement(using: &generator)?.node
        let (lan, wan) = addressesToTell(of: introduced, to: asker, in: family)
        let response = IntroductionResponse(
            style: style, globalTime: claimGlobalTime(), destination: asker.address, sourceLAN: family.lan,
            sourceWAN: family.wan, introducedLAN: lan, introducedWAN: wan,
            flags: responseFlags(style), identifier: request.identifier)
        guard mayAnswer(asker, .introductionResponse(response), at: now, into: &effects) else { return }
        if let introduced {
            requestPuncture(
                by: introduced, ofLAN: request.destination, wan: asker.address, request.identifier, style,
                into: &effects)
        }
        send(.introductionResponse(response), to: asker, into: &effects)
    }

    private func responseFlags(_ style: IntroductionStyle) -> IntroductionResponse.Flags {
        guard style == .old else { return [] }
        return peerLimit.map { contactCount >= $0 } == true ? [.speaksNewStyle, .peerLimitReached] : .speaksNewStyle
    }

    /// How many peers' addresses in their own networks are remembered.
    private static let lanAddressesMax = 1024

    /// Remembers where a peer is in its own network, for those who share its outside address. Its key is part of the
    /// name: what another key says from the same address is about another peer.
    private mutating func noteLAN(of asker: NodeInfo, _ lan: Address) {
        guard lan.isReachable, lan != asker.address, lan.host.isPrivate else {
            return lanAddresses[asker] = nil
        }
        if lanAddresses.count >= Node.lanAddressesMax {
            let known = Set(contacts.map(\.node))
            lanAddresses = lanAddresses.filter { known.contains($0.key) }
        }
        if lanAddresses.count < Node.lanAddressesMax { lanAddresses[asker] = lan }
    }

    /// A peer in our own network is told of under the address it has there, and under our outside host. One that is
    /// behind the asker's NAT is reached inside: few routers send back what is meant for their own outside address.
    private func addressesToTell(
        of introduced: NodeInfo?, to asker: NodeInfo, in family: FamilyState
    ) -> (lan: Address, wan: Address) {
        guard let introduced else { return (.none, .none) }
        let address = introduced.address
        guard address.host.isPrivate else {
            let sharesHost = address.host == asker.address.host
            return ((sharesHost ? lanAddresses[introduced] : nil) ?? .none, address)
        }
        return (address, Address(host: family.wan.host, port: address.port))
    }

    mutating func requestPuncture(
        by helper: NodeInfo, ofLAN lan: Address, wan: Address, _ identifier: UInt16,
        _ style: IntroductionStyle = .old, into effects: inout [Effect]
    ) {
        let isOld = style == .old && lan.family == .ipv4 && wan.family == .ipv4
        let request = PunctureRequest(
            style: isOld ? .old : .new, globalTime: claimGlobalTime(), walkerLAN: lan, walkerWAN: wan,
            identifier: identifier)
        send(.punctureRequest(request), to: helper, into: &effects)
    }

    /// Handles the one message that carries no signature.
    mutating func receiveUnsigned(
        _ message: Message, from source: Address, to host: IPAddress?, at now: Instant, into effects: inout [Effect]
    ) {
        guard case .punctureRequest(let request) = message else { return }
        guard let family = families[source.family] else { return drop(.badSource) }
        guard admitsPuncture(askedForBy: source, at: now) else { return drop(.overloaded) }
        counters.received[message.id, default: 0] += 1
        let sharesOurHost = request.walkerWAN.host == family.wan.host && request.walkerLAN.isReachable
        let puncture = Puncture(
            style: request.style, globalTime: claimGlobalTime(), sourceLAN: family.lan, walkerWAN: request.walkerWAN,
            identifier: request.identifier)
        let walker = sharesOurHost ? request.walkerLAN : request.walkerWAN
        guard mayBeNamed(walker, by: source.host) else { return drop(.badSource) }
        guard mayPuncture(walker, with: puncture, askedBy: source, at: now) else { return drop(.overloaded) }
        // The walker was told of us at the host that its introducer knows.
        send(.puncture(puncture), to: walker, from: host, into: &effects)
    }

    /// Contacts have a budget of their own: what claims to come from elsewhere cannot use it up. Nor can who claims to
    /// be one of them, since each source has a share of it; a stranger's source is its host, which may have any port.
    private mutating func admitsPuncture(askedForBy source: Address, at now: Instant) -> Bool {
        let start = now - Node.puncturesInterval
        let isContact = families[source.family]?.table.contact(at: source) != nil
        let isExempt = NetworkPrefix(source.host, limitingLocal: limitsLocalNetworks).isExempt
        let sharer = isContact || isExempt ? source : Address(host: source.host.site, port: 0)
        guard !punctureFloods.isBlocked(sharer, at: now) else { return false }
        let isAdmitted =
            isContact
            ? puncturesForContacts.admit(at: now, max: Node.puncturesMax, since: start)
            : puncturesForStrangers.admit(at: now, max: Node.puncturesMax, since: start)
        return isAdmitted && punctureFloods.admit(sharer, at: now)
    }

    /// Whether a puncture may go to an address that somebody named. It counts with the answers to addresses that have
    /// proved nothing; those that contacts ask for do not wait for strangers'.
    private mutating func mayPuncture(
        _ walker: Address, with puncture: Puncture, askedBy source: Address, at now: Instant
    ) -> Bool {
        let network = NetworkPrefix(walker.host, limitingLocal: limitsLocalNetworks)
        guard !network.isExempt else { return true }
        let byteCount = Packet.byteCount(of: .puncture(puncture), from: identity)
        let isContact = families[source.family]?.table.contact(at: source) != nil
        return reflections.take(byteCount, for: walker.host, of: network, sharesTotal: !isContact, at: now)
    }

    /// Asks whoever is at an address to introduce us, or a contact that is known to be there.
    mutating func walk(
        to address: Address, of contact: PublicKey? = nil, at now: Instant, into effects: inout [Effect]
    ) {
        let request = Request(
            kind: .introduction, address: address, publicKey: contact, purpose: .walk, body: .introduction)
        submit(request, at: now, into: &effects)
    }

    /// Learns from an introduction: our own address, and somebody to walk to.
    mutating func learn(
        from response: IntroductionResponse, at peer: IPAddress, now: Instant, into effects: inout [Effect]
    ) {
        let family = response.destination.family
        if let own = families[family]?.heardOwnAddress(
            response.destination, from: peer, mid: identity.mid, at: now)
        {
            ownRecord.addressChanged()
            effects.append(.emit(.addressLearned(own)))
        }
        for address in addressesToWalk(from: response)
        where mayBeNamed(address, by: peer)
            && (address.host != families[family]?.wan.host || address.port != families[family]?.wan.port)
        {
            walker.heardOf(address, at: now)
        }
    }

    /// Which of an introduced peer's addresses to try: where it shares our outside host, the one in our network.
    private func addressesToWalk(from response: IntroductionResponse) -> [Address] {
        let (lan, wan) = (response.introducedLAN, response.introducedWAN)
        let ownHosts = families.present.compactMap { families[$0]?.wan.host }
        guard wan != .none else { return [] }
        if !ownHosts.contains(wan.host) { return [lan, wan].filter { $0 != .none } }
        if lan != .none { return [lan] }
        let ownLAN = families[wan.family]?.lan.host
        return [wan] + (ownLAN.map { [Address(host: $0, port: wan.port)] } ?? [])
    }
}
