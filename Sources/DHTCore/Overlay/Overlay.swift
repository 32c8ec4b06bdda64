internal import IPv8
internal import Kademlia

/// Who else is in the overlay, and how we come to know each other.
///
/// A node becomes a contact by answering a request under a number that nobody can guess, and it stays one by answering
/// again. A contact that is silent twice is lost; lost contacts are asked again while there are few others. The random walk
/// finds new nodes by introductions, which also tell where others see us, and our node ids follow from that.
///
/// What it does not do: lookups. It names what is to be looked up, see ``staleBuckets(in:at:)``, and who is closest.
struct Overlay: Sendable {
    let identity: PublicKey
    let peers: [Address]
    /// Whether loopback and private networks are held to the limits of an address prefix, as all others are.
    let limitsLocal: Bool
    let callsLocalNetwork: Bool
    let peerLimit: Int?
    var trackers: [Address] = []
    var families: PerFamily<FamilyState>
    /// Our own ids that have been looked up, so that the neighbours are known.
    var ownIDsSought: Set<NodeID> = []
    var walk: Walk
    var lostContacts: LostContacts
    var probes: Probes
    var contactsChanged = false
    var localCalls = LocalCalls()
    var lanAddresses = LANAddresses()
    var punctures = PunctureLimits()
    /// The peers that are no contacts and have lately proved that they receive at their address: they answered a request
    /// under a number of 32 random bits, or used a token of ours.
    var provenPeers = RecentSet<NodeInfo>(turn: .seconds(600))
    /// The peers that are no contacts and have lately sent us something. Few NATs forget that within a minute.
    var openPeers = RecentSet<NodeInfo>(turn: .seconds(30))
    var reflections = ReflectionBudget()

    init(_ configuration: NodeConfiguration, at now: Instant) {
        identity = configuration.identity
        peers = configuration.peers
        limitsLocal = configuration.limitsLocalNetworks
        callsLocalNetwork = configuration.callsLocalNetwork
        peerLimit = configuration.peerLimit
        families = PerFamily { family in
            configuration.listenAddresses.first { $0.family == family }.map {
                FamilyState(
                    listeningOn: $0, mid: configuration.identity.mid, limitsLocal: configuration.limitsLocalNetworks,
                    at: now)
            }
        }
        walk = Walk(knowsSomebody: !configuration.contacts.isEmpty || !configuration.peers.isEmpty, at: now)
        lostContacts = LostContacts(configuration.contacts)
        probes = Probes(
            limitsLocal: configuration.limitsLocalNetworks,
            key: configuration.seed.bigEndianBytes + Array("askers 1".utf8))
    }

    mutating func trackersResolved(_ addresses: [Address]) { trackers = addresses.filter(\.isReachable) }

    // MARK: Who is known

    /// All contacts of all families.
    var contacts: [Contact] { families.present.flatMap { families[$0]?.table.contacts ?? [] } }

    /// How many contacts there are, in all families.
    var contactCount: Int { families.present.reduce(0) { $0 + contactCount(in: $1) } }

    func contactCount(in family: AddressFamily) -> Int { families[family]?.table.count ?? 0 }

    /// Whether the contact with a peer's id is at the peer's address.
    func isContact(_ peer: NodeInfo) -> Bool { knownAddress(of: peer) == peer.address }

    /// Where the contact with a peer's id is; `nil` if there is none.
    func knownAddress(of peer: NodeInfo) -> Address? { families[peer.address.family]?.table.address(of: peer.id) }

    func contact(at address: Address) -> NodeInfo? { families[address.family]?.table.contact(at: address)?.node }

    /// Whether a network prefix of an address is limited in nothing: it is local, and nobody outside can name it.
    func isExempt(_ address: Address) -> Bool { NetworkPrefix(address.host, limitingLocal: limitsLocal).isExempt }

    // MARK: Who is close

    /// The contacts closest to a target in a family, to begin a lookup with; `nil` if there are no contacts.
    func seeds(for target: Target, in family: AddressFamily, count: Int, at now: Instant) -> [NodeInfo]? {
        guard let table = families[family]?.table, table.count > 0 else { return nil }
        return table.seeds(for: target, count: count, at: now).map(\.node)
    }

    /// The contacts closest to a target that a peer is told of: those of its own family, itself excepted.
    func closest(to target: Target, for asker: NodeInfo, at now: Instant) -> [NodeInfo] {
        families[asker.address.family]?.table
            .closest(to: target, count: FindResponse.nodeCountMax, at: now, excluding: asker.id)
            .map(\.node) ?? []
    }

    /// How many contacts of a family are closer to a target than we are. Of one network only its share counts.
    func closerCount(to target: Target, in family: AddressFamily, at now: Instant) -> Int? {
        families[family]?.table.closerCount(to: target, at: now)
    }

    /// Whether we are among the nodes closest to a target in one of the families, beside others that are named closest first.
    func isAmongClosest(to target: Target, beside others: [NodeID]) -> Bool {
        families.present.contains { family in
            guard let table = families[family]?.table else { return false }
            let own = Distance(table.ownID, target)
            return others.prefix(Searches.replicasWanted).count { Distance($0, target) < own }
                < Searches.replicasWanted
        }
    }

    /// The nodes of an answer that may be asked: those that we have a socket for, and no trackers.
    func askable(_ nodes: [NodeInfo], namedBy source: Address) -> [NodeInfo] {
        nodes.filter {
            !trackers.contains($0.address) && families.has($0.address.family)
                && $0.address.mayBeNamed(by: source.host)
        }
    }

    // MARK: Own ids and buckets

    /// Whether our own ids have been looked up wherever there are contacts.
    var hasSoughtOwnIDs: Bool {
        families.present.allSatisfy { family in
            guard let table = families[family]?.table, table.count > 0 else { return true }
            return ownIDsSought.contains(table.ownID)
        }
    }

    /// Our own id in a family, if it has not been looked up and there is a contact to begin with.
    func ownIDToSeek(in family: AddressFamily) -> Target? {
        guard let table = families[family]?.table, table.count > 0, !ownIDsSought.contains(table.ownID) else {
            return nil
        }
        return Target(bits: table.ownID.bits)
    }

    /// Our own id in a family is being looked up. After it the rest of the key space is, so that the table is good before
    /// anything leans on it.
    mutating func ownIDIsSought(in family: AddressFamily) {
        ownIDsSought = ownIDsSought.filter { id in families.present.contains { families[$0]?.table.ownID == id } }
        if let id = families[family]?.table.ownID { ownIDsSought.insert(id) }
        families[family]?.table.markStale()
    }

    /// How long a bucket may stay unchanged before it is refreshed.
    private static let unchangedMax: Duration = .seconds(15 * 60)

    /// The buckets of a family that are to be refreshed.
    func staleBuckets(in family: AddressFamily, at now: Instant) -> [Int] {
        families[family]?.table.bucketsUnchanged(for: Overlay.unchangedMax, at: now) ?? []
    }

    /// The bucket of a family with a prefix; `nil` if there is none, or if the table is empty and always has been.
    func bucket(withPrefix prefix: String, in family: AddressFamily) -> Int? {
        guard let state = families[family], state.hasHadContacts else { return nil }
        return state.table.buckets.indices.first { state.table.prefix(ofBucket: $0) == prefix }
    }

    /// A target in a bucket, whose lookup refreshes it.
    func randomTarget(inBucket number: Int, of family: AddressFamily, _ turn: inout Turn) -> Target? {
        families[family]?.table.randomTarget(inBucket: number, using: &turn.generator)
    }

    mutating func markRefreshed(_ bucket: Int, of family: AddressFamily, at now: Instant) {
        families[family]?.table.markRefreshed(bucket, at: now)
    }
}
