public import IPv8
public import Kademlia
public import Maintenance

/// One node of the DHT: everything that it does, as state machines without I/O.
///
/// Inputs are things that have happened, with the time at which they did. Effects are things to be done, written into a
/// buffer that the caller owns. The node reads no clock, draws no random numbers except those that follow from its seed, and
/// holds no private key and no values: so it runs the same behind sockets, in a test that reads like a transcript, and a
/// thousand times over in one process.
///
/// The machines do the work, each with its own state; the node only routes inputs to them, and what one of them wants to
/// another:
///
///     Gatekeeper    which packets deserve a signature check
///     Overlay       who else is there, and how we come to know each other
///     Requests      our own requests: paced, sent, answered or given up
///     Searches      lookups and publications
///     Serving       ping, find and store for others
///     PeersByKey    who is where, by key
///     Republisher   what is due to be stored again
///
/// What happens to a datagram:
///
///     datagramReceived → parse, cheap refusals → verify
///     signaturesChecked → flood limit →  ping: send
///                                        find: load   → entriesLoaded → send
///                                        store: commit → commitCompleted → send
///                                        response: the request that it answers goes on
///
/// What a node does not do: sign, encode, read or write disk, resolve names, know whether anybody listens to its effects.
public struct Node: Sendable {
    let identity: PublicKey
    let servedFor: Duration
    var gatekeeper = Gatekeeper()
    var overlay: Overlay
    var requests: Requests
    var searches: Searches
    var serving: Serving
    var peersByKey: PeersByKey
    var republisher: Republisher
    var jobs = JobBook()
    var turn: Turn

    /// When the node wants to be given ``Input/timerFired`` next. Kept, not computed: for a computed property the whole node
    /// would be copied after each input.
    public private(set) var nextWakeUp: Instant?

    /// Makes a node. Nothing happens before the first input; give it ``Input/timerFired`` to begin.
    public init(_ configuration: NodeConfiguration, at now: Instant) {
        identity = configuration.identity
        servedFor = configuration.servedFor
        overlay = Overlay(configuration, at: now)
        requests = Requests(configuration)
        searches = Searches(configuration)
        serving = Serving(configuration, at: now)
        peersByKey = PeersByKey(configuration)
        republisher = Republisher(configuration, contactsBefore: overlay.countOfLastHeard)
        turn = Turn(configuration, at: now)
        gatekeeper.ban(configuration.bans, at: now)
        planJobs(configuration.jobs)
        noteNextWakeUp()
    }

    /// Takes in something that has happened and writes what is to be done about it.
    public mutating func handle(_ input: Input, at now: Instant, into effects: inout [Effect]) {
        turn.exchange(&effects, at: now)
        handle(input)
        peersByKey.notePings(&turn)
        noteNextWakeUp()
        turn.exchange(&effects, at: now)
    }

    private mutating func handle(_ input: Input) {
        switch input {
        case .datagramReceived(let bytes, let source, let host): receive(bytes, from: source, to: host)
        case .signaturesChecked(let id, let verdict): signaturesChecked(id, verdict)
        case .entriesLoaded(let id, let values, let time): entriesLoaded(id, values, took: time)
        case .dueKeysListed(let id, let due): dueKeysListed(id, due)
        case .republishableLoaded(let id, let targets): republishableLoaded(id, targets)
        case .loadFailed(let id, let time): loadFailed(id, took: time)
        case .commitCompleted(let id, let outcome): commitCompleted(id, outcome)
        case .tokenSecretDrawn(let bytes): serving.secretDrawn(bytes, &turn)
        case .trackersResolved(let addresses): overlay.trackersResolved(addresses)
        case .bansChanged(let bans): gatekeeper.ban(bans, at: turn.now)
        case .commandIssued(let id, let command): start(command, id)
        case .timerFired:
            settleOverdue()
            runDueJobs()
        }
    }

    private mutating func noteNextWakeUp() {
        guard let nextJob = turn.schedule.nextDueTime, let nextDeadline = requests.nextDeadline else {
            return nextWakeUp = turn.schedule.nextDueTime ?? requests.nextDeadline
        }
        nextWakeUp = min(nextJob, nextDeadline)
    }

    // MARK: Work that is done

    private mutating func entriesLoaded(_ id: WorkID, _ values: [[UInt8]], took time: Duration) {
        switch turn.takeRead(id) {
        case .find(let request, let asker, let arrivedAt)?:
            serving.noteRead(in: id.lane, took: time, at: turn.now)
            serving.answer(request, of: asker, with: values, &overlay, &requests, &turn)
            turn.noteHandled(.findRequest, arrivedAt: arrivedAt)
        case .ownValues(let lookup)?:
            finish(searches.ownValuesLoaded(values, for: lookup, &overlay, &requests, &turn))
        case nil: return
        }
    }

    /// A search goes on without our own values. A peer gets no answer: that there are no values would not be true.
    private mutating func loadFailed(_ id: WorkID, took time: Duration) {
        switch turn.takeRead(id) {
        case .find?:
            serving.noteRead(in: id.lane, took: time, at: turn.now)
            turn.drop(.archiveFailed)
        case .ownValues(let lookup)?: finish(searches.ownValuesLoaded([], for: lookup, &overlay, &requests, &turn))
        case nil: return
        }
    }

    private mutating func commitCompleted(_ id: WorkID, _ outcome: CommitOutcome) {
        switch turn.takeCommit(id) {
        case .store(let request, let sender, let arrivedAt)?:
            serving.committed(request, of: sender, outcome, &overlay, &requests, &turn)
            turn.noteHandled(.storeRequest, arrivedAt: arrivedAt)
        case .publication(let command, let target, let entry)?: publish(entry, under: target, outcome, for: command)
        case .soughtCopy(let run)?: if republisher.soughtCopyKept(for: run) { advance(run: run) }
        case .copy?, nil: return
        }
    }

    private mutating func dueKeysListed(_ id: WorkID, _ due: DueKeys) {
        guard let listing = turn.takeListing(id),
            republisher.listed(due, limit: listing.limit, &overlay, at: turn.now)
        else { return }
        republish()
        if republisher.isBusy { turn.republishSoon() }
    }

    private mutating func republishableLoaded(_ id: WorkID, _ targets: [RepublishableTarget]) {
        guard let run = turn.takeLoad(id)?.run else { return }
        republisher.loaded(targets, for: run, &overlay, &turn)
        advance(run: run)
    }
}

// MARK: - How it stands

extension Node {
    /// Event counts since the node was made.
    public var counters: Counters { turn.counters }

    /// All contacts of all families.
    public var contacts: [Contact] { overlay.contacts }

    /// The contacts that are worth asking after the next start: those of now, and those that fell silent.
    public var contactsToRemember: [Contact] { overlay.contactsToRemember }

    /// The buckets of all families, the farthest half of each key space first.
    public var bucketReports: [BucketReport] { overlay.bucketReports }

    /// What the node looks like in each family that it has a socket of.
    public var endpoints: [EndpointSnapshot] { overlay.endpoints }

    /// The node looks for peers while it has fewer contacts than this in a family.
    public static var contactsWanted: Int { Walker.contactsWanted }

    /// Everything that the node knows of the overlay.
    public var overlaySnapshot: OverlaySnapshot {
        OverlaySnapshot(
            families: overlay.familySnapshots(turn.sockets), registeredPeers: peersByKey.registeredCounts,
            ownRecordHolders: peersByKey.holders.map(\.node), tokenCount: searches.tokenCount,
            globalTime: turn.lastGlobalTime)
    }

    /// How far a user's command has come that has other nodes asked.
    public func progress(of command: CommandID) -> CommandProgress? { searches.progress(of: command) }

    /// Packets with this node's own key that came from elsewhere; `nil` if there were none.
    public var twin: TwinSightings? { gatekeeper.sightings() }

    /// Where a peer is that had itself remembered here.
    public func registeredPeer(_ mid: Mid) -> [NodeInfo] { peersByKey.registered(mid, at: turn.now) }

    /// How republishing stands.
    public var republisherSnapshot: RepublisherSnapshot { republisher.snapshot(overlay.contactCount) }

    /// Everything that a node keeps which others can make it keep. Whoever looks has to know how much that may be.
    package var usages: [Usage] {
        let own = [
            Usage("pieces of work", turn.workCount),
            Usage("searches and publications", searches.count),
            Usage("requests", requests.count),
            Usage("peers asked lately", requests.pacedPeerCount),
            Usage("silent nodes", requests.silentNodeCount),
            Usage("token secrets", serving.tokenSecretCount),
            Usage("hosts that peers found us at", turn.sockets.pathCount),
        ]
        return own + gatekeeper.usages + overlay.usages + peersByKey.usages + republisher.usages
    }
}

/// How much of something a node keeps.
package struct Usage: Hashable, Sendable {
    /// What it is, in words.
    package let name: String
    /// How much there is.
    package let count: Int

    init(_ name: String, _ count: Int) {
        self.name = name
        self.count = count
    }
}
