internal import IPv8
internal import Kademlia

/// The node's place in one address family: its outside address, and the routing table around the id that follows from it.
struct FamilyState: Sendable {
    let listenAddress: Address
    private(set) var external: ExternalAddress
    var table: RoutingTable
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
