internal import DHTCore
internal import IPv8
internal import Kademlia

/// An overlay of honest nodes with values, and an adversary.
final class Siege {
    let world: World
    let tally: Tally
    /// The honest nodes' machines.
    private(set) var honest: [Machine]
    let gang = Gang()
    private let defence: Defence?
    private var identityCount: UInt64 = 0
    private var valueCount = 0

    /// A value that an honest node has published.
    struct Published {
        let target: Target
        let entry: Entry
        let publisher: Machine
        let command: CommandID
    }

    /// Builds the overlay and waits until it is at rest.
    ///
    /// - Parameter defence: the defence that the nodes do without.
    init(of overlay: Attack.Overlay, seed: UInt64, without defence: Defence?) {
        var settings = NodeSettings()
        settings.signatures = .modelled
        settings.sabotage =
            switch defence {
            case .signatures: [.trustsSignatures]
            case .ownAnswers: [.trustsHearsay]
            case .floors: [.forgetsVersions]
            case .wideNumbers: [.narrowNumbers]
            case .lanes: [.oneLane]
            case .prefixLimits, nil: []
            }
        overlay.adjust(&settings)
        self.defence = defence
        world = World(seed: seed, settings: settings)
        tally = Tally(honestCount: overlay.count)
        world.observers.append(tally)
        honest = world.addNodes(overlay.count, spacing: .milliseconds(50))
        world.run(for: overlay.settle)
    }

    /// Stops all machines. The adversary's residents refer to the siege, and would keep it alive.
    func end() { for machine in world.machines { world.kill(machine) } }

    var honestAddresses: [Address] { honest.map(\.address) }

    // MARK: The adversary

    /// An address of one of the adversary's networks, a /24 each.
    func address(inNetwork network: Int, host: Int) -> Address {
        var numbers = SeededGenerator(seed: world.seed, stream: UInt64(network) + 0x6E65_7400)
        let first: UInt32 = defence == .prefixLimits ? 10 : 150 + UInt32(network % 50)
        let middle = UInt32(truncatingIfNeeded: numbers.next()) & 0xFFFF
        return Address(host: .v4(first << 24 | middle << 8 | UInt32(host & 0xFF)), port: 8090)
    }

    func newIdentity() -> Identity {
        identityCount += 1
        return Identity(number: identityCount &+ world.seed << 20 &+ 0xAD << 56, .modelled)
    }

    /// Adds one of the adversary's nodes, and tells the rest of the gang.
    @discardableResult
    func addImpostor(at address: Address, _ conduct: Conduct = Conduct(), starts: Bool = true) -> Impostor {
        let impostor = Impostor(newIdentity(), at: address, conduct)
        gang.add(impostor.node)
        if starts { start(impostor) }
        return impostor
    }

    func start(_ impostor: Impostor) { start(impostor, at: impostor.node.address) }

    @discardableResult
    func start(_ resident: some Resident, at address: Address) -> Machine {
        let machine = world.addMachine(at: address)
        world.start(resident, on: machine)
        return machine
    }

    // MARK: The honest

    /// Adds another honest node. Its traffic counts as the adversary's, because it comes after the first ones.
    func addNewcomer(knowing peers: [Address]) -> Machine {
        let number = 1000 + world.machines.count
        let machine = world.addMachine(at: World.publicAddress(number))
        world.startNode(newIdentity(), on: machine, storage: ModelArchive(), peers: peers)
        return machine
    }

    /// Makes an honest node publish a signed value under a new key.
    func publish(by publisher: Machine, version: UInt32? = nil, under target: Target? = nil) -> Published {
        valueCount += 1
        let target = target ?? Target(hashing: "value \(valueCount) of \(world.seed)")
        guard let identity = publisher.setup?.identity else { preconditionFailure("an honest machine has a node") }
        let version = version.map { Version($0) } ?? Version(signedAt: world.now)
        guard let entry = try? identity.entry(Array("v\(valueCount)".utf8), version: version) else {
            preconditionFailure("a short value fits an entry")
        }
        let command = world.issue(.publish(target, entry), on: publisher)
        return Published(target: target, entry: entry, publisher: publisher, command: command)
    }

    /// Makes several honest nodes publish a value each, and waits for them.
    ///
    /// - Parameter seeker: a machine that will look the values up, and so must not get a replica.
    func publish(_ count: Int, farFrom seeker: Machine? = nil) -> [Published] {
        let published = (0..<count).map { number in
            publish(
                by: honest[(number * 5 + 1) % honest.count], under: seeker.flatMap { target(number, farFrom: $0) })
        }
        world.run(for: .seconds(20))
        return published
    }

    /// A target to which two thirds of the honest nodes are closer than one of them.
    private func target(_ number: Int, farFrom machine: Machine) -> Target? {
        (0..<10_000).lazy.map { [world] in Target(hashing: "far \(number) \($0) of \(world.seed)") }.first { target in
            let own = Siege.distance(of: machine, to: target)
            return honest.count { Siege.distance(of: $0, to: target) < own } >= honest.count * 2 / 3
        }
    }

    private static func distance(of machine: Machine, to target: Target) -> Distance {
        let mid = machine.setup?.identity.publicKey.mid ?? Mid(bits: .zero)
        return Distance(NodeID(host: machine.address.host, mid: mid), target)
    }

    /// Lookups of a value by honest nodes without a replica.
    struct Lookup {
        let value: Published
        let command: CommandID
    }

    /// Makes honest nodes without a replica look the values up.
    func lookUp(_ values: [Published], by count: Int = 4, on machines: [Machine]? = nil) -> [Lookup] {
        var lookups: [Lookup] = []
        for value in values {
            let seekers = (machines ?? honest).filter { machine in
                machine.setup?.storage.held(under: value.target).contains { $0.entry == value.entry } == false
            }
            for seeker in seekers.shuffled(using: &world.generator).prefix(count) {
                lookups.append(
                    Lookup(value: value, command: world.issue(.find(value.target), on: seeker)))
            }
        }
        return lookups
    }

    /// The result of a lookup; `nil` while it is under way.
    func outcome(of lookup: Lookup) -> FindOutcome? {
        guard case .found(let outcome) = world.outcomes[lookup.command] else { return nil }
        return outcome
    }

    /// The number of lookups, and of those that found their value.
    ///
    /// - Parameter count: the expected number of lookups. A run without lookups must not pass.
    func measures(
        of lookups: [Lookup], atLeast count: Int, finding share: Double = 1, what: String = "lookups"
    ) -> [AttackReport.Measure] {
        [
            .atLeast(Double(count), what, Double(lookups.count)),
            .atLeast(share, "share of these that find the value", self.share(of: lookups)),
        ]
    }

    private func share(of lookups: [Lookup]) -> Double {
        guard !lookups.isEmpty else { return 0 }
        let found = lookups.count { lookup in
            outcome(of: lookup)?.entries.contains { $0 == lookup.value.entry } == true
        }
        return Double(found) / Double(lookups.count)
    }

    /// The honest nodes that have a replica of a value.
    func holders(of value: Published) -> [Machine] {
        honest.filter { machine in
            machine.setup?.storage.held(under: value.target).contains { $0.entry == value.entry } == true
        }
    }

    /// The contacts of a machine's node.
    func contacts(of machine: Machine) -> [Contact] { machine.host?.node.contacts ?? [] }

    /// How many of a machine's contacts are honest nodes.
    func honestContacts(of machine: Machine) -> Int {
        let addresses = Set(honestAddresses)
        return contacts(of: machine).count { addresses.contains($0.node.address) }
    }

    /// How many of a machine's former contacts are gone or have another address.
    func lost(_ before: [Contact], by machine: Machine) -> Int {
        let after = Set(contacts(of: machine).map(\.node))
        return before.count { !after.contains($0.node) }
    }

    /// How many datagrams honest nodes have dropped for a reason.
    func drops(_ reason: String) -> Int {
        honest.reduce(0) { $0 + ($1.host?.node.counters.named["dropped." + reason] ?? 0) }
    }

    /// The size of the largest table of a machine's node.
    func largestTable(of machine: Machine) -> Int { machine.host.map { TableSizes(of: $0.node).largest.count } ?? 0 }
}

/// The adversary's colluding nodes.
final class Gang {
    private(set) var members: [(id: NodeID, node: NodeInfo)] = []

    func add(_ node: NodeInfo) {
        members.append((NodeID(host: node.address.host, mid: node.publicKey.mid), node))
    }

    /// The members closest to a target, closest first.
    func closest(to target: Target) -> [NodeInfo] {
        members.map { (distance: Distance($0.id, target), node: $0.node) }
            .sorted { $0.distance < $1.distance }
            .prefix(FindResponse.nodeCountMax).map(\.node)
    }
}

/// An adversary's machine that does something again and again, whatever comes back.
final class Assailant: Resident {
    /// One step, with its number.
    typealias Step = (_ number: Int, _ actions: inout Actions) -> Void
    /// The handling of a received packet.
    typealias Hearing = (_ packet: Packet, _ source: Address, _ actions: inout Actions) -> Void

    private let interval: Duration
    private let step: Step
    private let hearing: Hearing
    private var count = 0
    private var nextStep = Instant.distantPast

    init(every interval: Duration, hearing: @escaping Hearing = { _, _, _ in }, _ step: @escaping Step) {
        self.interval = interval
        self.hearing = hearing
        self.step = step
    }

    var nextWakeUp: Instant? { nextStep }

    func wake(_ actions: inout Actions) {
        guard nextStep <= actions.now else { return }
        nextStep = actions.now + interval
        step(count, &actions)
        count += 1
    }

    func receive(_ bytes: [UInt8], from source: Address, _ actions: inout Actions) {
        guard let packet = try? Packet(decoding: bytes) else { return }
        hearing(packet, source, &actions)
    }
}
