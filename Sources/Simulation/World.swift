package import DHTCore
package import IPv8

/// An overlay in virtual time: machines, the network between them, and what runs on them.
///
/// Everything follows from the seed: the same world run twice does the same, on any machine. Time passes only inside
/// ``run(for:)``. Each machine draws from random numbers of its own, and what happens at one moment happens in an order that
/// follows from who brought it about, so it makes no difference how many shards there are.
package final class World {
    /// What every random number of this world follows from.
    package let seed: UInt64
    /// The virtual time.
    @exclusivity(unchecked) package internal(set) var now: Instant
    package let network: Network
    /// The machines, running or not.
    package private(set) var machines: [Machine] = []
    /// What became of the commands that have been issued.
    package internal(set) var outcomes: [CommandID: CommandOutcome] = [:]
    /// Who watches. What they see has to happen in one place after the other: there is one shard where there are any.
    @exclusivity(unchecked) package var observers: [any Observer] = [] {
        didSet { precondition(observers.isEmpty || shards.count == 1, "observers want a world of one shard") }
    }
    /// Random numbers for what happens to the world from outside.
    package var generator: SeededGenerator
    /// How many datagrams have been delivered.
    package var deliveredCount: Int { shards.reduce(0) { $0 + $1.deliveredCount } }

    /// What nodes are started with that are told nothing else.
    package var settings: NodeSettings
    /// How their disks behave.
    package var diskConditions = DiskConditions()

    @exclusivity(unchecked) private(set) var shards: [Shard] = []
    /// Who runs the shards; nobody in a world of one.
    private(set) var crew: Crew?
    @exclusivity(unchecked) var plans = EventQueue<(World) -> Void>()
    private var commandCount: UInt64 = 0
    private let verifier = SignatureVerifier()
    private let digest = RunDigest.beginWorld()

    /// An empty world.
    ///
    /// - Parameter shardCount: into how many parts the machines are dealt out, which several threads run. It takes residents
    ///   that know nothing of each other, and nobody who watches.
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

    /// Adds a machine on which nothing runs yet.
    ///
    /// - Parameter outsideHost: where others see it, if something translates its address.
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

    /// Starts something on a machine, in place of what ran there.
    package func start(_ resident: any Resident, on machine: Machine) {
        stop(machine)
        machine.life += 1
        machine.resident = resident
        for observer in observers { observer.started(machine, in: self) }
        act(on: machine) { resident.wake(&$0) }
    }

    /// Sets a machine up for a node of ours and starts it.
    @discardableResult
    package func startNode(
        _ identity: Identity, on machine: Machine, storage: any Storage, peers: [Address] = [],
        settings own: NodeSettings? = nil
    ) -> NodeHost? {
        machine.setup = NodeSetup(
            identity: identity, storage: storage, peers: peers, settings: own ?? settings)
        return boot(machine)
    }

    /// Starts a machine's node with what its disk holds; nothing for a machine that was not set up for one.
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

    /// Cuts a machine's power: what its disk has not synced is gone.
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

    /// Has the user of a machine's node ask for something.
    package func issue(_ command: Command, on machine: Machine) -> CommandID {
        commandCount += 1
        let id = CommandID(commandCount)
        guard let taker = machine.resident as? any CommandTaker else { return id }
        for observer in observers { observer.issued(id, command, on: machine, in: self) }
        act(on: machine) { taker.issue(id, command, &$0) }
        return id
    }

    /// Has the operator of a machine's node change something in its archive.
    package func change(_ change: StorageChange, on machine: Machine) {
        guard let host = machine.host else { return }
        for observer in observers { observer.asked(for: change, on: machine, in: self) }
        act(on: machine) { host.change(change, &$0) }
    }

    /// Plans something for later.
    package func after(_ duration: Duration, _ plan: @escaping (World) -> Void) {
        plans.insert(plan, at: now + duration)
    }
}
