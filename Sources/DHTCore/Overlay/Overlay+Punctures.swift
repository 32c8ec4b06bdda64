internal import IPv8
internal import Kademlia

/// Punctures: a node behind a NAT sends a packet to a peer, by which it opens the way for that peer.
extension Overlay {
    /// Handles a puncture request, the one message that carries no signature.
    mutating func puncture(
        _ request: PunctureRequest, _ kind: MessageKind, from source: Address, to host: IPAddress?, _ turn: inout Turn
    ) {
        guard let wan = families[source.family]?.wan, let lan = turn.sockets.lan(in: source.family) else {
            return turn.drop(.badSource)
        }
        let isContact = contact(at: source) != nil
        guard punctures.admit(from: source, isContact: isContact, isExempt: isExempt(source), at: turn.now) else {
            return turn.drop(.overloaded)
        }
        turn.counters.received[kind.rawValue, default: 0] += 1
        let sharesOurHost = request.walkerWAN.host == wan.host && request.walkerLAN.isReachable
        let puncture = Puncture(
            style: request.style, globalTime: turn.claimGlobalTime(), sourceLAN: lan, walkerWAN: request.walkerWAN,
            identifier: request.identifier)
        let walker = sharesOurHost ? request.walkerLAN : request.walkerWAN
        guard walker.mayBeNamed(by: source.host) else { return turn.drop(.badSource) }
        guard mayPuncture(walker, with: puncture, isContact: isContact, at: turn.now) else {
            return turn.drop(.overloaded)
        }
        // The walker was told of us at the host that its introducer knows.
        turn.send(.puncture(puncture), to: walker, from: host)
    }

    /// Whether a puncture may go to an address that somebody named. It counts with the answers to addresses that have proved
    /// nothing; those that contacts ask for do not wait for strangers'.
    private mutating func mayPuncture(
        _ walker: Address, with puncture: Puncture, isContact: Bool, at now: Instant
    ) -> Bool {
        let network = NetworkPrefix(walker.host, limitingLocal: limitsLocal)
        guard !network.isExempt else { return true }
        let byteCount = Packet.byteCount(of: .puncture(puncture), from: identity)
        return reflections.take(byteCount, for: walker.host, of: network, sharesTotal: !isContact, at: now)
    }
}

/// How many punctures are sent because somebody asked for them. A puncture is larger than the unsigned request for it, so
/// without a bound we would be of use to those who flood others.
///
/// Contacts have a budget of their own, which requests that claim to come from elsewhere cannot use up. Nor can one that
/// claims to be a contact, because each source has a share of it; a stranger's source is its host, with any port.
struct PunctureLimits: Sendable {
    private var forContacts = RecentTimes()
    private var forStrangers = RecentTimes()
    private var floods = FloodLimiter<Address>(requestsMax: 10)

    private static let countMax = 100
    private static let interval: Duration = .seconds(5)

    /// How many sources are kept count of.
    var count: Int { floods.count }

    mutating func admit(from source: Address, isContact: Bool, isExempt: Bool, at now: Instant) -> Bool {
        let start = now - PunctureLimits.interval
        let sharer = isContact || isExempt ? source : Address(host: source.host.site, port: 0)
        guard !floods.isBlocked(sharer, at: now) else { return false }
        let isAdmitted =
            isContact
            ? forContacts.admit(at: now, max: PunctureLimits.countMax, since: start)
            : forStrangers.admit(at: now, max: PunctureLimits.countMax, since: start)
        return isAdmitted && floods.admit(sharer, at: now)
    }
}

extension Turn {
    /// Has a peer puncture somebody who is about to send to it.
    mutating func requestPuncture(
        by helper: NodeInfo, ofLAN lan: Address, wan: Address, _ identifier: UInt16, _ style: IntroductionStyle = .old
    ) {
        let isOld = style == .old && lan.family == .ipv4 && wan.family == .ipv4
        let request = PunctureRequest(
            style: isOld ? .old : .new, globalTime: claimGlobalTime(), walkerLAN: lan, walkerWAN: wan,
            identifier: identifier)
        send(.punctureRequest(request), to: helper)
    }
}
