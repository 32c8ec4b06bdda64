package import DHTCore
package import IPv8

/// An overlay in virtual time: machines, the network between them, and the nodes that run on them.
///
/// Everything follows from the seed: the same world gives the same run on any machine. Time passes only inside
/// ``run(for:)``. Each machine has its own random numbers. Events at the same moment happen in an order that follows
/// from their origin, so the number of shards makes no difference.
package final class World {
    /// The source of every random number of this world.
    package let seed: UInt64
    /// The virtual time.
    @exclusivity(unchecked) package internal(set) var now: Instant
    package let network: Network
    /// The machines, running or not.
    package private(set) var machines: [Machine] = []
    /// The results of the commands that have been issued.
    package internal(set) var outcomes: [CommandID: CommandOutcome] = [:]
    /// The observers. They must see events one after the other, so a world with observers has one shard.
    @exclusivity(unchecked) package var observers: [any Observer] = [] {
        didSet { precondition(observers.isEmpty || shards.count == 1, "observers want a world of one shard") }
    }
    /// Random numbers for events from outside the world.
    package var generator: SeededGenerator
    /// How many datagrams have been delivered.
    package var deliveredCount: Int { shards.reduce(0) { $0 + $1.deliveredCount } }

    /// The settings of nodes that are started without their own.
    package var settings: NodeSettings
    /// How the machines' disks behave.
    package var diskConditions = DiskConditions()

    @exclusivity(unchecked) private(set) var shards: [Shard] = []
    /// The threads that run the shards; `nil` in a world of one shard.
    private(set) var crew: Crew?
    @exclusivity(unchecked) var plans = EventQueue<(World) -> Void>()
    private var commandCount: UInt64 = 0
    private let verifier = SignatureVerifier()
    private let digest = RunDigest.beginWorld()

    /// An empty world.
    ///
    /// - Parameter shardCount: the number of shards, which several threads run. More than one needs residents that know
    ///   nothing of each other, and no observers.
    package init(
        seed: UInt64, network: NetworkConditions = NetworkConditions(), settings: NodeSettings = NodeSettings(),
        start: Instant = Instant(seconds: 1_700_000_000), shardCount: Int = 1
    ) {
        self.seed = seed
        self.settings = settings
        self.network = Network(network)
        now = start
        generator = SeededGenerator(seed: seed)
        shards = (0..<shardCount).map { Shard($0, of: shardCount, in: self) }
        if shardCount > 1 { crew = Crew(for: shards) }
    }

    deinit { crew?.dismiss() }

    // MARK: Building and breaking

    /// Adds a machine without a resident.
    ///
    /// - Parameter outsideHost: the machine's external address, if something translates its address.
    package func addMachine(at address: Address, behind nat: NATKind = .none, outsideHost: IPAddress? = nil) -> Machine
    {
        let host = outsideHost ?? address.host
        let machine = Machine(
            machines.count, at: address, behind: nat, outsideHost: host, seed: seed, now: now,
            digest: digest?.addMachine())
        machines.append(machine)
        shard(of: machine).add(machine)
        network.place(machine.index, at: host)
        return machine
    }

    /// Starts a resident on a machine, and replaces the one before.
    package func start(_ resident: any Resident, on machine: Machine) {
        stop(machine)
        machine.life += 1
        machine.resident = resident
        for observer in observers { observer.started(machine, in: self) }
        act(on: machine) { resident.wake(&$0) }
    }

    /// Sets a machine up for a node of ours and starts the node.
    @discardableResult
    package func startNode(
        _ identity: Identity, on machine: Machine, storage: any Storage, peers: [Address] = [],
        settings own: NodeSettings? = nil
    ) -> NodeHost? {
        machine.setup = NodeSetup(
            identity: identity, storage: storage, peers: peers, settings: own ?? settings)
        return boot(machine)
    }

    /// Starts a machine's node with the contents of its disk. Does nothing for a machine that was not set up for a
    /// node.
    @discardableResult
    package func boot(_ machine: Machine) -> NodeHost? {
        guard let setup = machine.setup else { return nil }
        let disk = ModelDisk(setup.storage, diskConditions, sabotage: setup.settings.sabotage)
        let host = NodeHost(
            setup, at: machine.address, disk: disk, reading: machine.clock.reading(at: now),
            seed: machine.generator.next(), verifier: verifier, digest: machine.digest)
        start(host, on: machine)
        return host
    }

    /// Cuts a machine's power: everything that its disk has not synced is lost.
    package func kill(_ machine: Machine) {
        guard machine.resident != nil else { return }
        machine.host?.crash(using: &machine.generator)
        stop(machine)
        for observer in observers { observer.killed(machine, in: self) }
    }

    private func stop(_ machine: Machine) {
        machine.resident = nil
        machine.alarm = nil
        machine.life += 1
    }

    // MARK: Users and operators

    /// Sends a command of the user of a machine's node.
    package func issue(_ command: Command, on machine: Machine) -> CommandID {
        commandCount += 1
        let id = CommandID(commandCount)
        guard let taker = machine.resident as? any CommandTaker else { return id }
        for observer in observers { observer.issued(id, command, on: machine, in: self) }
        act(on: machine) { taker.issue(id, command, &$0) }
        return id
    }

    /// Makes the operator of a machine's node change something in its archive.
    package func change(_ change: StorageChange, on machine: Machine) {
        guard let host = machine.host else { return }
        for observer in observers { observer.asked(for: change, on: machine, in: self) }
        act(on: machine) { host.change(change, &$0) }
    }

    /// Schedules an event.
    package func after(_ duration: Duration, _ plan: @escaping (World) -> Void) {
        plans.insert(plan, at: now + duration)
    }
}
