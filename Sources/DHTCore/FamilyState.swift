internal import IPv8
internal import Kademlia

/// What a node has once for each address family: a socket, an outside address, and the routing table around the id that
/// follows from it.
struct FamilyState: Sendable {
    let listenAddress: Address
    /// What we call our address in our own network: the socket's, where it is bound to one.
    let lan: Address
    private(set) var external: ExternalAddress
    var table: RoutingTable
    private let limitsLocal: Bool

    init(listeningOn address: Address, mid: Mid, lanHost: IPAddress? = nil, limitsLocal: Bool = false, at now: Instant)
    {
        listenAddress = address
        let ownHost = address.host.isUnspecified ? lanHost : address.host
        lan = ownHost.map { Address(host: $0, port: address.port) } ?? .none
        self.limitsLocal = limitsLocal
        external = ExternalAddress(listeningOn: address, limitsLocal: limitsLocal)
        let host = external.current?.host ?? address.host
        table = RoutingTable(ownID: NodeID(host: host, mid: mid), createdAt: now, limitsLocal: limitsLocal)
    }

    /// Whether the socket has all hosts of the machine in this family, rather than one of them.
    var listensOnAllHosts: Bool { listenAddress.host.isUnspecified }

    /// Whether the socket reaches an address.
    func reaches(_ host: IPAddress) -> Bool {
        listenAddress.host.isUnspecified || listenAddress.host.isLoopback == host.isLoopback
    }

    /// What we call our address as others see it. Where that is not known, the family is still told: the reference takes
    /// the IPv4 form of no address for where we would rather be answered.
    var wan: Address {
        external.current ?? (listenAddress.family == .ipv6 ? Address(host: .v6(0, 0), port: 0) : .none)
    }

    /// Hears where a peer sees us; where that moves our node id, the table is laid out anew around it. Returns the
    /// address if it is new.
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

/// Something for each address family that the node has a socket of.
struct PerFamily<Value: Sendable>: Sendable {
    private var ipv4: Value?
    private var ipv6: Value?
    /// The families that there is something for.
    let present: [AddressFamily]

    init(_ make: (AddressFamily) -> Value?) {
        ipv4 = make(.ipv4)
        ipv6 = make(.ipv6)
        present = (ipv4 == nil ? [] : [.ipv4]) + (ipv6 == nil ? [] : [.ipv6])
    }

    /// Whether there is something for a family.
    func has(_ family: AddressFamily) -> Bool { present.contains(family) }

    subscript(family: AddressFamily) -> Value? {
        // Lends the value out: a routing table is looked into for every datagram, and a copy would count its buckets.
        _read {
            switch family {
            case .ipv4: yield ipv4
            case .ipv6: yield ipv6
            }
        }
        _modify {
            switch family {
            case .ipv4: yield &ipv4
            case .ipv6: yield &ipv6
            }
        }
    }
}
