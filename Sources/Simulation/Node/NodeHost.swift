package import DHTCore
package import IPv8
internal import Kademlia
package import Maintenance

/// A node of ours on a machine: what the shell around `DHTCore.Node` does for real with sockets, threads and files.
///
/// Signature checks and reads take no time where the world says so; then they are answered within the same input. Why
/// some of it is not checked for exclusive access, see ``Shard``.
package final class NodeHost: CommandTaker {
    @exclusivity(unchecked) package private(set) var node: Node
    /// What it keeps.
    package var storage: any Storage { disk.storage }
    /// The clock that it goes by, which follows steps of the machine's.
    @exclusivity(unchecked) package private(set) var clock: NodeClock

    let identity: Identity
    let settings: NodeSettings
    var disk: ModelDisk
    /// What is under way on this machine beside the node, by when it is done.
    @exclusivity(unchecked) var underWay = EventQueue<LocalEvent>()
    @exclusivity(unchecked) private var reading: ClockReading
    @exclusivity(unchecked) private var clockObservedAt: Duration
    private var sweptAt: Duration
    private let verifier: SignatureVerifier
    private let digest: MachineDigest?
    @exclusivity(unchecked) private var isHandling = false
    /// What came while something else was being handled.
    @exclusivity(unchecked) private var inputs: [Input] = []
    var hearsay = Hearsay()
    var numbers = NarrowNumbers()
    var workshop = ModelWorkshop()
    /// The lane of what follows from the input that is being dealt with.
    @exclusivity(unchecked) private(set) var lane = Lane.known

    /// Something that the machine is busy with.
    enum LocalEvent {
        case input(Input)
        case syncDone
        case workDone(ModelWorkshop.Job)
    }

    /// How often the clock is looked at.
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
        configuration.upkeepLimits = settings.upkeepLimits
        configuration.upkeepLimits.gatherFor = min(
            settings.upkeepLimits.gatherFor, settings.timing.republishInterval / UpkeepLimits.gatheringsPerInterval)
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
            case .workDone(let job):
                workshop.end()
                switch job {
                case .answer(let input): take(input, &actions)
                case .send(let bytes, let address): actions.send(bytes, to: address)
                }
                beginWork(at: actions.now)
            }
        }
        if node.nextWakeUp.map({ $0 <= actions.now }) ?? true { take(.timerFired, &actions) }
    }

    /// The node's user wants something.
    package func issue(_ id: CommandID, _ command: Command, _ actions: inout Actions) {
        take(.commandIssued(id, command), &actions)
    }

    /// Puts something straight to the disk, as an operator's tool does.
    func change(_ change: StorageChange, _ actions: inout Actions) { write(change, .tool, &actions) }

    /// The machine's clocks, as they stand when the node is asked next. Returns whether it is time for a sweep.
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

    /// Has the archive let go of what is kept no longer.
    func sweep() -> Sweep {
        sweptAt = reading.sinceBoot
        let now = archiveTime
        // Of the archive itself it is not known how many there are.
        let model = storage as? ModelArchive
        let before = model?.valueCounts ?? (served: 0, retained: 0)
        storage.sweep(at: settings.sabotage.contains(.sweepsEarly) ? now + settings.timing.retainedFor : now)
        let after = model?.valueCounts ?? (served: 0, retained: 0)
        return Sweep(
            at: now, retiredCount: max(0, before.served - after.served),
            deletedCount: before.served + before.retained - after.served - after.retained)
    }

    /// The archive's time, as it was when the node was asked last.
    var archiveTime: Instant { clock.archiveTime(at: reading) }

    /// Changes how the machine's disk behaves, until the next start.
    func setDisk(_ change: (inout DiskConditions) -> Void) { change(&disk.conditions) }

    /// The power goes.
    func crash(using generator: inout SeededGenerator) {
        disk.crash(at: archiveTime, using: &generator)
    }

    // MARK: The node

    private func take(_ input: Input, _ actions: inout Actions) {
        // Whoever calls from within an input finds it dealt with before the outermost call returns.
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

    /// Has the node hear of something after a while, or at once.
    func answer(_ input: Input, after delay: Duration, _ actions: inout Actions) {
        guard delay > .zero else {
            inputs.append(input)
            return
        }
        underWay.insert(.input(input), at: actions.now + delay)
    }

    /// How far the archive's time is ahead of the core's.
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

/// What all nodes of a world have in common, or one has of its own.
package struct NodeSettings: Sendable {
    /// How values are served and stored again.
    package var timing = StorageTiming()
    /// How many times sooner than for real a clock is trusted: that it has been set, and to delete by.
    package var clockHastening = 1
    /// Whether values are stored again.
    package var republishes = true
    /// How fast upkeep may go.
    package var upkeepLimits = UpkeepLimits()
    /// Whether the prefix limits hold for the addresses of this world.
    package var limitsLocalNetworks = false
    /// How signatures are made.
    package var signatures = Signatures.real
    /// How long checking a packet's signatures takes; nothing for at once.
    package var checkTime: Duration = .zero
    /// How long a read takes; nothing for at once.
    package var readTime: Duration = .zero
    /// How long the node's one worker takes for each of these, one after the other; `nil` if there is no worker.
    package var workTimes: WorkTimes?
    /// What the node's machine does wrong on purpose.
    package var sabotage: Set<Sabotage> = []

    /// The settings of a node in good order.
    package init() {}
}
