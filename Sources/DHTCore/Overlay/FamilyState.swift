internal import IPv8
internal import Kademlia

/// The node's place in one address family: its outside address, and the routing table around the id that follows from it.
struct FamilyState: Sendable {
    let listenAddress: Address
    private(set) var external: ExternalAddress
    var table: RoutingTable
    /// Whether anybody in this family has been a contact since the start.
    var hasHadContacts = false
    private let limitsLocal: Bool

    init(listeningOn address: Address, mid: Mid, limitsLocal: Bool, at now: Instant) {
        listenAddress = address
        self.limitsLocal = limitsLocal
        external = ExternalAddress(listeningOn: address, limitsLocal: limitsLocal)
        let host = external.current?.host ?? address.host
        table = RoutingTable(ownID: NodeID(host: host, mid: mid), createdAt: now, limitsLocal: limitsLocal)
    }

    /// What we call our address as others see it. If that is not known, the family is still told: the reference takes the
    /// IPv4 form of no address for where we would rather be answered.
    var wan: Address {
        external.current ?? (listenAddress.family == .ipv6 ? Address(host: .v6(0, 0), port: 0) : .none)
    }

    /// Hears where a peer sees us. If that moves our node id, the table is laid out anew around it. Returns the address if it
    /// is new.
    mutating func heardOwnAddress(_ address: Address, from voter: IPAddress, mid: Mid, at now: Instant) -> Address? {
        guard address.family == listenAddress.family, external.heard(address, from: voter) else { return nil }
        let id = NodeID(host: address.host, mid: mid)
        if id != table.ownID {
            let contacts = table.contacts
            table = RoutingTable(ownID: id, createdAt: now, limitsLocal: limitsLocal)
            for contact in contacts { table.insert(contact) }
        }
        return address
    }
}

/// Our own address in one family, as others see it.
///
/// Where the socket is bound to a public or a loopback address, that is it. Otherwise peers tell: every introduction
/// response names the address that our request came from. The first one is believed, so that a node can begin; after
/// that, an address has to be named by more than half of the networks that told last, at least three of them, so that one
/// liar does not move our node id, however many keys it has. Where only the host is another, the port need not be agreed
/// on: behind some NATs every peer sees another one.
///
/// Who is in our own network sees us from inside. What that tells counts only as long as nobody outside has told
/// anything.
struct ExternalAddress: Sendable {
    /// The address that our node id follows from; `nil` while nobody has told.
    private(set) var current: Address?
    private let isFixed: Bool
    private let limitsLocal: Bool
    private var votes: [Vote] = []

    private struct Vote {
        let voter: IPAddress
        let address: Address
        var isFromOutside: Bool { !voter.isLocal && !address.host.isLocal }
    }

    private static let votesMax = 15
    private static let votesNeeded = 3

    init(listeningOn address: Address, limitsLocal: Bool = false) {
        self.limitsLocal = limitsLocal
        isFixed = !address.host.isUnspecified && !address.host.isPrivate
        current = isFixed ? address : nil
    }

    /// Hears what a peer says. Returns whether our address has changed by it.
    mutating func heard(_ address: Address, from voter: IPAddress) -> Bool {
        guard !isFixed, address.isReachable else { return false }
        let vote = Vote(voter: voter, address: address)
        if vote.isFromOutside {
            votes.removeAll { !$0.isFromOutside }
        } else if votes.contains(where: \.isFromOutside) {
            return false
        }
        votes.removeAll { $0.voter == voter || NetworkPrefix($0.voter, limitingLocal: limitsLocal).limits(voter) }
        votes.append(vote)
        if votes.count > ExternalAddress.votesMax { votes.removeFirst() }
        guard address != current, isFirst(vote) || isAgreed(address) else { return false }
        current = address
        return true
    }

    /// Whether nobody has told before or, of the outside, nobody from there.
    private func isFirst(_ vote: Vote) -> Bool { current.map { vote.isFromOutside && $0.host.isLocal } ?? true }

    private func isAgreed(_ address: Address) -> Bool {
        let isAtHome = address.host == current?.host
        let count = votes.count { isAtHome ? $0.address == address : $0.address.host == address.host }
        return count >= ExternalAddress.votesNeeded && 2 * count > votes.count
    }
}

extension IPAddress {
    /// Whether the address is one of the machine itself or of its own network.
    fileprivate var isLocal: Bool { isLoopback || isPrivate }
}
