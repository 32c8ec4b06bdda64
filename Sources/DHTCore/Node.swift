public import IPv8
internal import Kademlia
internal import Maintenance

/// One node of the DHT: everything that it does, as a state machine without I/O.
///
/// Inputs are things that have happened, with the time at which they did; effects are things to be done, written into
/// a buffer that the caller owns. The node reads no clock, draws no random numbers but those that follow from its seed,
/// holds no private key and no values: so it runs the same behind sockets, in a test that reads like a transcript, and a
/// thousand times over in one process.
///
/// What happens to a datagram:
///
///     datagramReceived → parse, cheap refusals → verify
///     signaturesChecked → flood limit →  ping: send
///                                        find: load   → entriesLoaded → send
///                                        store: commit → commitCompleted → send
///                                        response: the request that it answers goes on
///
/// A request of ours is either waiting (its peer has had its share of requests for now), or sent, and then answered or
/// overdue. Commands, searches and publications live as long as their requests do, so every one of them ends.
///
/// What it does not do: sign, encode, read or write disk, resolve names, know whether anybody listens to its effects.
public struct Node: Sendable {
    let identity: PublicKey
    let peers: [Address]
    /// How long a value is served after it was stored.
    let servedFor: Duration
    var trackers: [Address] = []
    var families: PerFamily<FamilyState>
    var generator: RandomNumbers
    var mint: TokenMint
    var floods = FloodLimiter<NodeID>(requestsMax: 10)
    /// What serves to find peers has an allowance of its own, since peers do not count it among the DHT's requests.
    var discoveryFloods = FloodLimiter<NodeID>(requestsMax: 10)
    var verifications = VerificationBudget()
    var checks = ChecksUnderWay()
    /// Requests of each contact that were signed with an older curve, before their check: as many as it may make of
    /// all.
    var olderCurveFloods = FloodLimiter<NodeID>(requestsMax: 20)
    var provenPeers = ProvenPeers()
    var reflections = ReflectionBudget()
    var reads = ReadBudget()
    var pacer: QueryPacer
    var requests = RequestTable()
    var walker = Walker()
    var lostContacts: LostContacts
    /// Nodes that are about to be asked whether they are there again.
    var returning: [NodeInfo] = []
    var probes: Probes
    var peersWalkedAt = Instant.distantPast
    var contactWalkedAt = Instant.distantPast
    var trackersWalkedAt = Instant.distantPast
    var schedule = Schedule<Job>()
    var jobs = JobBook()
    var upkeep: Upkeep
    var work: [WorkID: Work] = [:]
    var lookups: [ActivityID: ActiveLookup] = [:]
    var publications: [ActivityID: Publication] = [:]
    var connections: [ActivityID: Connection] = [:]
    var registry: PeerRegistry
    var paths = PeerPaths()
    /// Where peers are in their own networks, as they say themselves.
    var lanAddresses: [NodeInfo: Address] = [:]
    let limitsLocalNetworks: Bool
    let callsLocalNetwork: Bool
    let peerLimit: Int?
    var calledAt = Instant.distantPast
    var callsAnswered = RecentTimes()
    var ownRecord = OwnRecord()
    var holdersSoughtAt = Instant.distantPast
    var globalTime: UInt64 = 0
    var workCount: UInt64 = 0
    var contactsChanged = false
    /// Punctures that were sent because a contact, or a stranger, asked for them.
    var puncturesForContacts = RecentTimes()
    var puncturesForStrangers = RecentTimes()
    /// How many of them each source has asked for.
    var punctureFloods = FloodLimiter<Address>(requestsMax: 10)
    var replays = ReplayFilter()
    /// Requests from each host that is no contact's; a key costs nothing, an address does. In IPv6 that is a /64.
    var hostFloods = FloodLimiter<IPAddress>(requestsMax: 100)
    /// The own ids that have been looked up, so that the neighbours are known.
    var ownIDsSought: Set<NodeID> = []
    var addressAskedAt = Instant.distantPast

    /// How often what has happened.
    public internal(set) var counters = Counters()
    /// When the node wants to be given ``Input/timerFired`` next. Kept, not computed: whoever asks for it after each input
    /// would have the whole node copied for the call.
    public private(set) var nextWakeUp: Instant?

    /// How many signature checks, reads and commits may be under way at once; what comes beyond that is shed.
    static let workMax = 4096
    /// How many there may be when the check of a contact's request begins, so that there is always room for the answers
    /// that are awaited.
    static let contactsWorkMax = 3584
    /// How many there may be when a check for a stranger begins, so that there is always room for contacts.
    static let strangersWorkMax = 3072
    /// How many searches, publications and connections may be under way at once.
    static let lookupsMax = 1024

    /// Makes a node. Nothing happens before the first input; give it ``Input/timerFired`` to begin.
    public init(_ configuration: NodeConfiguration, at now: Instant) {
        identity = configuration.identity
        peers = configuration.peers
        servedFor = configuration.servedFor
        generator = RandomNumbers(seed: configuration.seed)
        mint = TokenMint(secrets: configuration.tokenSecrets, at: now)
        limitsLocalNetworks = configuration.limitsLocalNetworks
        callsLocalNetwork = configuration.callsLocalNetwork
        peerLimit = configuration.peerLimit
        registry = PeerRegistry(limitsLocal: configuration.limitsLocalNetworks)
        probes = Probes(
            limitsLocal: configuration.limitsLocalNetworks,
            key: configuration.seed.bigEndianBytes + Array("askers 1".utf8))
        families = PerFamily { family in
            configuration.listenAddresses.first { $0.family == family }.map {
                FamilyState(
                    listeningOn: $0, mid: configuration.identity.mid,
                    lanHost: configuration.lanHosts.first { $0.family == family },
                    limitsLocal: configuration.limitsLocalNetworks, at: now)
            }
        }
        pacer = QueryPacer(upkeepLimits: configuration.upkeepLimits)
        lostContacts = LostContacts(configuration.contacts)
        upkeep = Upkeep(
            isEnabled: configuration.republishes, limits: configuration.upkeepLimits,
            contactsBefore: lostContacts.countOfLastHeard)
        if !configuration.contacts.isEmpty || !configuration.peers.isEmpty {
            trackersWalkedAt = now + Node.trackersWait - Node.trackersInterval
        }
        planJobs(configuration.jobs, at: now)
        noteNextWakeUp()
    }

    /// Takes in something that has happened and writes what is to be done about it.
    public mutating func handle(_ input: Input, at now: Instant, into effects: inout [Effect]) {
        switch input {
        case .datagramReceived(let bytes, let source, let host):
            receive(bytes, from: source, to: host, at: now, into: &effects)
        case .signaturesChecked(let id, let verdict):
            signaturesChecked(id, verdict, at: now, into: &effects)
        case .entriesLoaded(let id, let values):
            entriesLoaded(id, values, at: now, into: &effects)
        case .dueKeysListed(let id, let due):
            dueKeysListed(id, due, at: now, into: &effects)
        case .republishableLoaded(let id, let targets):
            republishableLoaded(id, targets, at: now, into: &effects)
        case .loadFailed(let id):
            loadFailed(id, at: now, into: &effects)
        case .commitCompleted(let id, let outcome):
            commitCompleted(id, outcome, at: now, into: &effects)
        case .tokenSecretDrawn(let bytes):
            mint.add(TokenSecret(bytes: bytes, drawnAt: now))
            effects.append(.saveTokenSecrets(mint.secrets))
        case .trackersResolved(let addresses):
            trackers = addresses.filter(\.isReachable)
        case .commandIssued(let id, let command):
            start(command, id, at: now, into: &effects)
        case .timerFired:
            settleRequests(at: now, into: &effects)
            runDueJobs(at: now, into: &effects)
        }
        noteNextWakeUp()
    }

    private mutating func noteNextWakeUp() {
        guard let nextJob = schedule.nextDueTime, let nextDeadline = requests.nextDeadline else {
            return nextWakeUp = schedule.nextDueTime ?? requests.nextDeadline
        }
        nextWakeUp = min(nextJob, nextDeadline)
    }

    // MARK: Small things that every part uses

    mutating func drop(_ reason: DropReason) { counters.dropped[reason, default: 0] += 1 }
    mutating func drop(_ refusal: DropReason.Refusal) { drop(.refused(refusal)) }

    /// Whether the node has a socket that reaches an address. One that is bound to loopback reaches only that, one that is
    /// bound to another address everything but that.
    func canReach(_ address: Address) -> Bool {
        address.isReachable && families[address.family]?.reaches(address.host) == true
    }

    /// Whether somebody may tell us of an address. Loopback is each machine's own: who is on another one can only mean to
    /// have us send to a program of ours.
    func mayBeNamed(_ address: Address, by source: IPAddress) -> Bool {
        !address.host.isLoopback || source.isLoopback
    }

    /// Sends a message to a peer from the host that the peer found us at, if its address can be reached.
    mutating func send(_ message: Message, to peer: NodeInfo, into effects: inout [Effect]) {
        send(message, to: peer.address, from: path(to: peer), into: &effects)
    }

    /// Sends a message from one of our hosts, if its address can be reached.
    mutating func send(_ message: Message, to address: Address, from host: IPAddress?, into effects: inout [Effect]) {
        guard canReach(address) else { return }
        counters.sent[message.id, default: 0] += 1
        effects.append(.send(message, to: address, from: host))
    }

    /// The host of ours that a peer found us at; `nil` if the socket has but one, or none is known.
    func path(to peer: NodeInfo) -> IPAddress? {
        guard families[peer.address.family]?.listensOnAllHosts == true else { return nil }
        return paths.host(for: NodeID(host: peer.address.host, mid: peer.publicKey.mid))
    }

    /// Notes what is to go on once a piece of work is done; `nil` where too much is under way.
    mutating func begin(_ continuation: Work, in lane: Lane = .known) -> WorkID? {
        guard work.count < Node.workMax else { return nil }
        workCount += 1
        let id = WorkID(workCount, in: lane)
        work[id] = continuation
        return id
    }

    /// The next value of the counter that introductions and punctures carry.
    mutating func claimGlobalTime() -> UInt64 {
        globalTime += 1
        return globalTime
    }
}

/// What goes on once a signature check, a read or a commit is done.
enum Work: Hashable, Sendable {
    /// A packet whose signatures are being checked, the entries in it, and where it is an answer the request that waits
    /// for the check.
    case packet(Packet, from: Address, to: IPAddress?, entries: [Entry], answers: RequestTable.Hold?)
    /// A find request, whose values are being read.
    case find(FindRequest, from: NodeInfo)
    /// A store request, whose values are being made durable.
    case store(StoreRequest, from: NodeInfo)
    /// A user's search, for which our own archive is being read.
    case ownValues(ActivityID)
    /// What a search has found, which is being kept here too.
    case copy
    /// A user's value, which is being made durable here before it goes to others.
    case publication(CommandID, Target, Entry)
    /// What is due to be stored again is being listed, so many keys at most.
    case dueKeys(limit: Int)
    /// Values that are to be stored again are being read.
    case republishable(ActivityID)
    /// What a search for a pinned key has found is being kept.
    case soughtCopy(ActivityID)
}
