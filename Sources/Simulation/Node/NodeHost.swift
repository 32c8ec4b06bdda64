package import DHTCore
package import IPv8
internal import Kademlia
package import Maintenance

/// A node of ours on a machine. It replaces the shell of sockets, threads and files around `DHTCore.Node`.
///
/// Signature checks and reads take no time if the world says so; then they are done within the same input. ``Shard``
/// explains why some of it is not checked for exclusive access.
package final class NodeHost: CommandTaker {
    @exclusivity(unchecked) package private(set) var node: Node
    package var storage: any Storage { disk.storage }
    /// The node's clock, which follows steps of the machine's.
    @exclusivity(unchecked) package private(set) var clock: NodeClock

    let identity: Identity
    let settings: NodeSettings
    var disk: ModelDisk
    /// Work under way beside the node, by the time that it ends.
    @exclusivity(unchecked) var underWay = EventQueue<LocalEvent>()
    @exclusivity(unchecked) private var reading: ClockReading
    @exclusivity(unchecked) private var clockObservedAt: Duration
    private var sweptAt: Duration
    private let verifier: SignatureVerifier
    private let digest: MachineDigest?
    @exclusivity(unchecked) private var isHandling = false
    /// Inputs that arrived while another one was being handled.
    @exclusivity(unchecked) private var inputs: [Input] = []
    var hearsay = Hearsay()
    var numbers = NarrowNumbers()
    var workshop = ModelWorkshop()
    /// The lane of the present input.
    @exclusivity(unchecked) private(set) var lane = Lane.known

    /// A piece of work under way.
    enum LocalEvent {
        case input(Input)
        case syncDone
        case workDone(ModelWorkshop.Work)
    }

    /// How often the node reads the clock.
    private let clockInterval: Duration

    init(
        _ setup: NodeSetup, at address: Address, disk: ModelDisk, reading: ClockReading, seed: UInt64,
        verifier: SignatureVerifier, digest: MachineDigest?
    ) {
        identity = setup.identity
        settings = setup.settings
        self.disk = disk
        self.reading = reading
        self.verifier = verifier
        self.digest = digest
        clock = NodeClock(reading, hastenedBy: settings.clockHastening)
        clockObservedAt = reading.sinceBoot
        clockInterval = .seconds(30) / settings.clockHastening
        sweptAt = reading.sinceBoot
        var configuration = NodeConfiguration(
            identity: identity.publicKey, listenAddresses: [address], peers: setup.peers,
            contacts: disk.storage.contacts,
            tokenSecrets: disk.storage.tokenSecrets, seed: seed)
        configuration.jobs = disk.storage.jobs
        configuration.servedFor = settings.timing.servedFor
        configuration.republishes = settings.republishes
        configuration.republishLimits = settings.republishLimits
        configuration.republishLimits.gatherFor = min(
            settings.republishLimits.gatherFor,
            settings.timing.republishInterval / RepublishLimits.gatheringsPerInterval)
        configuration.limitsLocalNetworks = settings.limitsLocalNetworks
        node = Node(configuration, at: clock.coreTime(at: reading))
    }

    // MARK: Resident

    package var nextWakeUp: Instant? {
        guard let own = node.nextWakeUp, let local = underWay.nextTime else {
            return node.nextWakeUp ?? underWay.nextTime
        }
        return min(own, local)
    }

    package func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        let isNarrow = settings.sabotage.contains(.narrowNumbers)
        take(.datagramReceived(isNarrow ? numbers.widen(bytes) : bytes, from: source), &actions)
        if settings.sabotage.contains(.trustsHearsay) {
            for input in hearsay.believe(bytes, &actions.generator) { take(input, &actions) }
        }
    }

    package func wake(_ actions: inout Actions) {
        while let (event, _) = underWay.popFirst(by: actions.now) {
            switch event {
            case .input(let input): take(input, &actions)
            case .syncDone: finishSync(&actions)
            case .workDone(let work):
                workshop.end()
                switch work {
                case .answer(let input): take(input, &actions)
                case .send(let bytes, let address): actions.send(bytes, to: address)
                }
                beginWork(at: actions.now)
            }
        }
        if node.nextWakeUp.map({ $0 <= actions.now }) ?? true { take(.timerFired, &actions) }
    }

    /// The node's user issues a command.
    package func issue(_ id: CommandID, _ command: Command, _ actions: inout Actions) {
        take(.commandIssued(id, command), &actions)
    }

    /// Changes the archive directly, as an operator's tool does.
    func change(_ change: StorageChange, _ actions: inout Actions) { write(change, .tool, &actions) }

    /// Reads the machine's clocks for the next input. Returns whether a sweep is due.
    func show(_ reading: ClockReading) -> Bool {
        self.reading = reading
        guard reading.sinceBoot - clockObservedAt >= clockInterval else {
            return false
        }
        clockObservedAt = reading.sinceBoot
        _ = clock.observe(reading)
        return clock.moment(of: reading).isSteady && !disk.isBroken
            && reading.sinceBoot - sweptAt >= settings.timing.sweepInterval
    }

    /// Makes the archive sweep.
    func sweep() -> Sweep {
        sweptAt = reading.sinceBoot
        let now = archiveTime
        // The real archive does not report these counts.
        let model = storage as? ModelArchive
        let before = model?.valueCounts ?? (served: 0, retained: 0)
        storage.sweep(at: settings.sabotage.contains(.sweepsEarly) ? now + settings.timing.retainedFor : now)
        let after = model?.valueCounts ?? (served: 0, retained: 0)
        return Sweep(
            at: now, retiredCount: max(0, before.served - after.served),
            deletedCount: before.served + before.retained - after.served - after.retained)
    }

    /// The archive's time at the last input.
    var archiveTime: Instant { clock.archiveTime(at: reading) }

    /// Changes how the machine's disk behaves, until the next start.
    func setDisk(_ change: (inout DiskConditions) -> Void) { change(&disk.conditions) }

    /// The power is cut.
    func crash(using generator: inout SeededGenerator) {
        disk.crash(at: archiveTime, using: &generator)
    }

    // MARK: The node

    private func take(_ input: Input, _ actions: inout Actions) {
        // An input from within another one is handled before the outermost call returns.
        guard !isHandling else { return inputs.append(input) }
        isHandling = true
        handle(input, &actions)
        var next = 0
        while next < inputs.count {
            handle(inputs[next], &actions)
            next += 1
        }
        inputs.removeAll(keepingCapacity: true)
        isHandling = false
    }

    private func handle(_ input: Input, _ actions: inout Actions) {
        lane = input.lane
        var effects: [Effect] = []
        swap(&effects, &actions.effects)
        node.handle(input, at: actions.now, into: &effects)
        digest?.add(input, at: actions.now, effects, nextWakeUp: node.nextWakeUp)
        for effect in effects { carryOut(effect, &actions) }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &actions.effects)
    }

    /// Gives the node an input, now or later.
    func answer(_ input: Input, after delay: Duration, _ actions: inout Actions) {
        guard delay > .zero else {
            inputs.append(input)
            return
        }
        underWay.insert(.input(input), at: actions.now + delay)
    }

    var offset: Duration { clock.offset }

    func verdict(on packet: Packet, _ entries: [Entry]) -> SignatureVerdict {
        guard !settings.sabotage.contains(.trustsSignatures) else {
            return SignatureVerdict(packetIsAuthentic: true, entriesAreAuthentic: entries.map { _ in true })
        }
        return SignatureVerdict(
            packetIsAuthentic: settings.signatures.isAuthentic(packet, verifier),
            entriesAreAuthentic: entries.map { settings.signatures.isAuthentic($0, verifier) })
    }

    func write(_ change: StorageChange, _ completion: ModelDisk.Completion, _ actions: inout Actions) {
        if let delay = disk.add(change, completion, using: &actions.generator) {
            underWay.insert(.syncDone, at: actions.now + delay)
        }
    }

    private func finishSync(_ actions: inout Actions) {
        let (written, next) = disk.finish(at: actions.now + offset, using: &actions.generator)
        if let next { underWay.insert(.syncDone, at: actions.now + next) }
        actions.changes += written.changes
        for (id, outcome) in written.outcomes { take(.commitCompleted(id, outcome), &actions) }
    }
}

/// The settings that all nodes of a world share, or that one node has.
package struct NodeSettings: Sendable {
    /// How long values are served, and when they are republished.
    package var timing = StorageTiming()
    /// How many times sooner than in reality a clock counts as steady.
    package var clockHastening = 1
    /// Whether values are republished.
    package var republishes = true
    /// The pace of republishing.
    package var republishLimits = RepublishLimits()
    /// Whether prefix limits apply to this world's addresses.
    package var limitsLocalNetworks = false
    /// Whether signatures are real.
    package var signatures = Signatures.real
    /// The duration of a packet's signature checks; zero for none.
    package var checkTime: Duration = .zero
    /// The duration of a read; zero for none.
    package var readTime: Duration = .zero
    /// The worker's times for each kind of work; `nil` if there is no worker.
    package var workTimes: WorkTimes?
    /// The faults built into the node's machine.
    package var sabotage: Set<Sabotage> = []

    /// The settings of a node in good order.
    package init() {}
}
