internal import IPv8
internal import Kademlia

/// The node's sockets, at most one for each address family: what they reach, and from which host each peer is answered.
struct Sockets: Sendable {
    private let sockets: PerFamily<Socket>
    private var paths = PeerPaths()

    private struct Socket {
        let address: Address
        let lan: Address

        init(listeningOn address: Address, lanHost: IPAddress?) {
            self.address = address
            let ownHost = address.host.isUnspecified ? lanHost : address.host
            lan = ownHost.map { Address(host: $0, port: address.port) } ?? .none
        }

        func reaches(_ host: IPAddress) -> Bool {
            address.host.isUnspecified || address.host.isLoopback == host.isLoopback
        }
    }

    init(_ configuration: NodeConfiguration) {
        sockets = PerFamily { family in
            configuration.listenAddresses.first { $0.family == family }.map { address in
                Socket(
                    listeningOn: address, lanHost: configuration.lanHosts.first { $0.family == family })
            }
        }
    }

    /// IPv4 first.
    var families: [AddressFamily] { sockets.present }

    func has(_ family: AddressFamily) -> Bool { sockets.has(family) }

    /// Where the socket of a family listens.
    func address(in family: AddressFamily) -> Address? { sockets[family]?.address }

    /// What we call our address in our own network: the socket's, if it is bound to one.
    func lan(in family: AddressFamily) -> Address? { sockets[family]?.lan }

    /// Whether there is a socket that reaches an address. One that is bound to loopback reaches only that, one that is bound to
    /// another address everything but that.
    func reach(_ address: Address) -> Bool {
        address.isReachable && sockets[address.family]?.reaches(address.host) == true
    }

    /// Whether a packet from an address may be one of our own: on a machine with several hosts, the socket sends from any.
    func mayHaveSent(from source: Address) -> Bool {
        guard let socket = sockets[source.family], source.port == socket.address.port else { return false }
        return source == socket.address || source == socket.lan
            || socket.address.host.isUnspecified && (source.host.isLoopback || source.host.isPrivate)
    }

    /// Whether the socket of a family receives on all hosts of the machine.
    func listenOnAllHosts(in family: AddressFamily) -> Bool { sockets[family]?.address.host.isUnspecified == true }

    /// An authentic packet of a peer came to one of our hosts.
    mutating func note(_ peer: NodeInfo, reached host: IPAddress) { paths.note(peer.id, reached: host) }

    /// The host that a peer found us at; `nil` if the socket has only one, or if none is known.
    func host(for peer: NodeInfo) -> IPAddress? {
        listenOnAllHosts(in: peer.address.family) ? paths.host(for: peer.id) : nil
    }

    /// How many peers' paths are remembered.
    var pathCount: Int { paths.count }
}

extension NodeInfo {
    /// The node's id, which follows from its host and its key.
    var id: NodeID { NodeID(host: address.host, mid: publicKey.mid) }
}

extension Address {
    /// Whether somebody may tell us of the address. Loopback is each machine's own: a peer on another machine can only mean to
    /// have us send to a program of ours.
    func mayBeNamed(by source: IPAddress) -> Bool { !host.isLoopback || source.isLoopback }
}

/// Which of our own hosts each peer last sent an authentic packet to.
///
/// A node that listens on all addresses of a machine may have several. A peer takes an answer only from the address that
/// it asked, and a NAT or firewall on the way lets only that one through. So what goes to a peer leaves from where the peer
/// found us. An entry follows from the peer's own key, so nobody else can change it.
///
/// Bounded by two generations: when the younger is full, the older is dropped. A peer without an entry is answered from
/// the host that the system chooses.
struct PeerPaths: Sendable {
    private var recent: [NodeID: IPAddress] = [:]
    private var older: [NodeID: IPAddress] = [:]

    /// How many peers a generation has at most.
    static let generationMax = 4096

    var count: Int { recent.count + older.count }

    /// An authentic packet of a peer came to one of our hosts.
    mutating func note(_ peer: NodeID, reached host: IPAddress) {
        if recent[peer] == host { return }
        if recent.count >= PeerPaths.generationMax {
            older = recent
            recent.removeAll(keepingCapacity: true)
        }
        recent[peer] = host
    }

    /// The host that a peer found us at; `nil` if it is not known.
    func host(for peer: NodeID) -> IPAddress? { recent[peer] ?? older[peer] }
}
