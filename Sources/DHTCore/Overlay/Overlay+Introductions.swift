internal import IPv8
internal import Kademlia

/// Introductions: how peers come to know each other, and how each learns where others see it.
extension Overlay {
    /// Introduces the asker to a random contact, has that contact puncture the asker, and tells the asker its address. A node
    /// with more contacts than its limit leaves newcomers to others.
    mutating func introduce(
        _ asker: NodeInfo, _ request: IntroductionRequest, _ requests: inout Requests, _ turn: inout Turn
    ) {
        guard let wan = families[asker.address.family]?.wan, let lan = turn.sockets.lan(in: asker.address.family) else {
            return
        }
        if let peerLimit, contactCount > peerLimit { return turn.drop(.peerLimit) }
        // The old style cannot tell an asker its IPv6 address.
        let style: IntroductionStyle =
            request.style == .new || request.flags.contains(.wantsNewStyle) || asker.address.family == .ipv6
            ? .new : .old
        let others = (families[asker.address.family]?.table.contacts ?? []).filter {
            $0.node.publicKey != asker.publicKey && $0.status(at: turn.now) == .good
        }
        if lanAddresses.isFull { lanAddresses.keep(Set(contacts.map(\.node))) }
        lanAddresses.note(request.sourceLAN, of: asker)
        let introduced = others.randomElement(using: &turn.generator)?.node
        let told = addressesToTell(of: introduced, to: asker, seenFromOutsideAt: wan.host)
        let response = IntroductionResponse(
            style: style, globalTime: turn.claimGlobalTime(), destination: asker.address, sourceLAN: lan,
            sourceWAN: wan, introducedLAN: told.lan, introducedWAN: told.wan, flags: responseFlags(style),
            identifier: request.identifier)
        guard mayAnswer(asker, .introductionResponse(response), &requests, &turn) else { return }
        if let introduced {
            turn.requestPuncture(
                by: introduced, ofLAN: request.destination, wan: asker.address, request.identifier, style)
        }
        turn.send(.introductionResponse(response), to: asker)
    }

    private func responseFlags(_ style: IntroductionStyle) -> IntroductionResponse.Flags {
        guard style == .old else { return [] }
        return peerLimit.map { contactCount >= $0 } == true ? [.speaksNewStyle, .peerLimitReached] : .speaksNewStyle
    }

    /// A peer in our own network is told of under the address it has there, and under our outside host. One that is behind
    /// the asker's NAT is reached inside: few routers send back what is meant for their own outside address.
    private func addressesToTell(
        of introduced: NodeInfo?, to asker: NodeInfo, seenFromOutsideAt ownHost: IPAddress
    ) -> (lan: Address, wan: Address) {
        guard let introduced else { return (.none, .none) }
        let address = introduced.address
        guard address.host.isPrivate else {
            let sharesHost = address.host == asker.address.host
            return ((sharesHost ? lanAddresses[introduced] : nil) ?? .none, address)
        }
        return (address, Address(host: ownHost, port: address.port))
    }

    /// Learns from an introduction: our own address, and somebody to walk to. Returns whether our address is another now.
    mutating func learn(from response: IntroductionResponse, at peer: IPAddress, _ turn: inout Turn) -> Bool {
        let family = response.destination.family
        let ownAddress = families[family]?.heardOwnAddress(
            response.destination, from: peer, mid: identity.mid, at: turn.now)
        if let ownAddress { turn.append(.emit(.addressLearned(ownAddress))) }
        for address in addressesToWalk(from: response, &turn)
        where address.mayBeNamed(by: peer)
            && (address.host != families[family]?.wan.host || address.port != families[family]?.wan.port)
        {
            walk.addresses.heardOf(address, at: turn.now)
        }
        return ownAddress != nil
    }

    /// Which of an introduced peer's addresses to try: if it shares our outside host, the one in our network.
    private func addressesToWalk(from response: IntroductionResponse, _ turn: inout Turn) -> [Address] {
        let (lan, wan) = (response.introducedLAN, response.introducedWAN)
        let ownHosts = families.present.compactMap { families[$0]?.wan.host }
        guard wan != .none else { return [] }
        if !ownHosts.contains(wan.host) { return [lan, wan].filter { $0 != .none } }
        if lan != .none { return [lan] }
        let ownLAN = turn.sockets.lan(in: wan.family)?.host
        return [wan] + (ownLAN.map { [Address(host: $0, port: wan.port)] } ?? [])
    }
}

/// Where peers are in their own networks, as they say themselves: for those who share their outside address.
struct LANAddresses: Sendable {
    private var addresses: [NodeInfo: Address] = [:]

    private static let countMax = 1024

    var count: Int { addresses.count }

    var isFull: Bool { addresses.count >= LANAddresses.countMax }

    subscript(peer: NodeInfo) -> Address? { addresses[peer] }

    /// Forgets all others.
    mutating func keep(_ peers: Set<NodeInfo>) { addresses = addresses.filter { peers.contains($0.key) } }

    /// Remembers where a peer is in its own network. Its key is part of the name: what another key says from the same address
    /// is about another peer.
    mutating func note(_ lan: Address, of asker: NodeInfo) {
        guard lan.isReachable, lan != asker.address, lan.host.isPrivate else {
            return addresses[asker] = nil
        }
        if addresses.count < LANAddresses.countMax { addresses[asker] = lan }
    }
}
