internal import IPv8
internal import Kademlia

/// Our own address in one family, as others see it.
///
/// Where the socket is bound to a public or a loopback address, that is it. Otherwise peers tell: every introduction
/// response names the address that our request came from. The first one is believed, so that a node can begin; after
/// that, an address has to be named by more than half of the networks that told last, at least three of them, so that one
/// liar does not move our node id, however many keys it has. Where only the host is another, the port need not be agreed
/// on: behind some NATs every peer sees another one.
struct ExternalAddress: Sendable {
    /// The address that our node id follows from; `nil` while nobody has told.
    private(set) var current: Address?
    private let isFixed: Bool
    private let limitsLocal: Bool
    private var votes: [(voter: IPAddress, address: Address)] = []

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
        votes.removeAll { $0.voter == voter || NetworkPrefix($0.voter, limitingLocal: limitsLocal).limits(voter) }
        votes.append((voter, address))
        if votes.count > ExternalAddress.votesMax { votes.removeFirst() }
        guard address != current, current == nil || isAgreed(address) else { return false }
        current = address
        return true
    }

    private func isAgreed(_ address: Address) -> Bool {
        let isAtHome = address.host == current?.host
        let count = votes.count { isAtHome ? $0.address == address : $0.address.host == address.host }
        return count >= ExternalAddress.votesNeeded && 2 * count > votes.count
    }
}
