public import DHTCore
internal import HeapModule
public import IPv8
internal import Kademlia

/// A small overlay in virtual time: nodes of `DHTCore`, a network that delays and loses datagrams, and a disk for each
/// node that survives a crash.
///
/// Everything follows from the seed: the same world run twice does the same. Time passes only inside ``run(for:)``.
public struct World {
    /// The virtual time.
    public private(set) var now = Instant(seconds: 1_700_000_000)
    /// How the network treats datagrams; may be changed at any time.
    public var network: NetworkConditions
    /// The nodes, running or not.
    public private(set) var machines: [Machine] = []
    /// What became of the commands that have been issued.
    public private(set) var outcomes: [CommandID: CommandOutcome] = [:]

    private var events = Heap<Scheduled>()
    private var eventCount: UInt64 = 0
    private var commandCount: UInt64 = 0
    private var generator: SeededGenerator
    private let verifier = SignatureVerifier()

    /// Names a machine of this world.
    public typealias MachineIndex = Int

    private let timing: StorageTiming

    /// An empty world.
    public init(
        seed: UInt64, network: NetworkConditions = NetworkConditions(), timing: StorageTiming = StorageTiming()
    ) {
        self.timing = timing
        generator = SeededGenerator(seed: seed)
        self.network = network
    }

    // MARK: Building and breaking

    /// Adds a machine with a node that joins through the given ones, and starts it.
    public mutating func addMachine(at address: Address, key: PrivateKey, peers: [Address] = []) -> MachineIndex {
        machines.append(Machine(address: address, key: key, peers: peers, timing: timing))
        start(machines.count - 1)
        return machines.count - 1
    }

    /// Starts a machine's node with what its disk holds.
    public mutating func start(_ index: MachineIndex) {
        machines[index].start(at: now, seed: generator.next())
        deliver(.timerFired, to: index)
    }

    /// Stops a machine between two instructions: what its disk has not committed is gone.
    public mutating func kill(_ index: MachineIndex) { machines[index].stop() }

    /// Has a machine's user ask for something.
    public mutating func issue(_ command: Command, on index: MachineIndex) -> CommandID {
        commandCount += 1
        let id = CommandID(commandCount)
        deliver(.commandIssued(id, command), to: index)
        return id
    }

    /// Has a machine's operator pin a key.
    public mutating func pin(_ target: Target, on index: MachineIndex) { machines[index].disk.pins.insert(target) }

    // MARK: Time

    /// Lets time pass.
    public mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = events.min, next.time <= end {
            events.removeMin()
            now = max(now, next.time)
            guard machines[next.machine].life == next.life || next.isFromOutside else { continue }
            deliver(next.input, to: next.machine)
        }
        now = end
    }

    private mutating func deliver(_ input: Input, to index: MachineIndex) {
        guard machines[index].node != nil else { return }
        if case .commitCompleted(let id, _) = input { machines[index].finishCommit(id, at: now) }
        var effects: [Effect] = []
        machines[index].node?.handle(input, at: now, into: &effects)
        for effect in effects { carryOut(effect, of: index) }
        guard let wakeUp = machines[index].node?.nextWakeUp, wakeUp != machines[index].wakeUp || wakeUp <= now else {
            return
        }
        machines[index].wakeUp = wakeUp
        schedule(.timerFired, on: index, at: max(wakeUp, now + .milliseconds(1)))
    }

    private mutating func schedule(_ input: Input, on index: MachineIndex, at time: Instant, fromOutside: Bool = false)
    {
        eventCount += 1
        events.insert(
            Scheduled(
                time: time, order: eventCount, machine: index, life: machines[index].life,
                isFromOutside: fromOutside, input: input))
    }

    private struct Scheduled: Comparable {
        let time: Instant
        let order: UInt64
        let machine: MachineIndex
        /// Which run of the machine's node the event belongs to; a datagram reaches whichever runs.
        let life: Int
        let isFromOutside: Bool
        let input: Input

        static func < (left: Scheduled, right: Scheduled) -> Bool {
            (left.time, left.order) < (right.time, right.order)
        }

        static func == (left: Scheduled, right: Scheduled) -> Bool { left.order == right.order }
    }

    // MARK: Effects

    private mutating func carryOut(_ effect: Effect, of index: MachineIndex) {
        let machine = machines[index]
        switch effect {
        case .send(let message, let address):
            transmit(Packet.encode(message, signedBy: machine.key), from: machine.address, to: address)
        case .verify(let id, let packet, let entries):
            let verdict = SignatureVerdict(
                packetIsAuthentic: packet.isAuthentic(accordingTo: verifier),
                entriesAreAuthentic: entries.map { $0.isAuthentic(accordingTo: verifier) })
            schedule(.signaturesChecked(id, verdict), on: index, at: now + .microseconds(100))
        case .load(let id, let target, let offset, let limit):
            let values = machine.disk.page(of: target, offset: offset, limit: limit, at: now)
            schedule(.entriesLoaded(id, values), on: index, at: now + .microseconds(10))
        case .commit(let id, let intent):
            machines[index].uncommitted[id] = intent
            schedule(.commitCompleted(id, .held), on: index, at: now + .milliseconds(1))
        case .saveTokenSecrets(let secrets): machines[index].disk.tokenSecrets = secrets
        case .drawTokenSecret:
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
            schedule(.tokenSecretDrawn(bytes), on: index, at: now)
        case .saveContacts(let contacts, _): machines[index].disk.contacts = contacts
        case .listDueKeys(let id, let limit):
            schedule(
                .dueKeysListed(id, machine.disk.dueKeys(at: now, limit: limit)), on: index, at: now + .milliseconds(1))
        case .loadRepublishable(let id, let targets):
            let values = machine.disk.republishable(targets, at: now)
            schedule(.republishableLoaded(id, values), on: index, at: now + .milliseconds(1))
        case .refresh(let intent): machines[index].disk.refresh(intent, at: now)
        case .noteRepublication(let report): machines[index].disk.note(report, at: now)
        case .saveJobs(let jobs): machines[index].disk.jobs = jobs
        case .emit(.commandCompleted(let id, let outcome)): outcomes[id] = outcome
        case .callLocalNetwork, .emit: return
        }
    }

    private mutating func transmit(_ bytes: [UInt8], from source: Address, to destination: Address) {
        guard let receiver = machines.firstIndex(where: { $0.address == destination }),
            !network.loses(using: &generator)
        else { return }
        let delay = network.delay(using: &generator)
        schedule(.datagramReceived(bytes, from: source), on: receiver, at: now + delay, fromOutside: true)
    }
}

/// One machine: an address, a key, a disk, and a node while it runs.
public struct Machine {
    /// Where its node is reached.
    public let address: Address
    /// The node's key.
    public let key: PrivateKey
    /// Whom it joins through.
    let peers: [Address]
    /// The node; `nil` while it does not run.
    public internal(set) var node: Node?
    /// What survives a crash.
    public internal(set) var disk: ModelDisk
    /// What is being written, and is gone if the node is killed before it is done.
    var uncommitted: [WorkID: StoreIntent] = [:]
    /// How often it has been started.
    private(set) var life = 0
    /// The earliest timer that has been set.
    var wakeUp: Instant?

    init(address: Address, key: PrivateKey, peers: [Address], timing: StorageTiming) {
        disk = ModelDisk(timing: timing)
        self.address = address
        self.key = key
        self.peers = peers
    }

    mutating func start(at now: Instant, seed: UInt64) {
        life += 1
        wakeUp = nil
        var configuration = NodeConfiguration(
            identity: key.publicKey, listenAddresses: [address], peers: peers, contacts: disk.contacts,
            tokenSecrets: disk.tokenSecrets, seed: seed)
        configuration.jobs = disk.jobs
        configuration.servedFor = disk.timing.servedFor
        node = Node(configuration, at: now)
    }

    mutating func stop() {
        life += 1
        node = nil
        uncommitted.removeAll()
    }

    mutating func finishCommit(_ id: WorkID, at now: Instant) {
        if let intent = uncommitted.removeValue(forKey: id) { disk.commit(intent, at: now) }
    }
}
