import ArgumentParser
import DHTCore
import IPv8
import Simulation

/// Whose nodes an overlay is made of.
enum OverlayKind: String, CaseIterable, ExpressibleByArgument, Codable {
    /// All are ours.
    case bristlecone
    /// All are the reference's, as modelled.
    case reference
    /// One in ten is ours, the others are the reference's.
    case mixed
}

/// Whether nodes come and go.
enum ChurnKind: String, CaseIterable, ExpressibleByArgument, Codable {
    /// All stay.
    case none
    /// As measured in KAD.
    case measured
}

/// An overlay of one kind of nodes, which stay or come and go.
final class ComparedOverlay {
    let world: World
    let kind: OverlayKind
    private(set) var running: [Machine] = []
    private(set) var churn: Churn?
    private var identities: [Identity] = []

    init(_ kind: OverlayKind, seed: UInt64, loss: Double) {
        self.kind = kind
        var settings = NodeSettings()
        settings.signatures = .modelled
        world = World(seed: seed, network: NetworkConditions(loss: loss), settings: settings)
    }

    /// Adds machines and starts those that are up at the beginning. With churn it adds more machines, so that the
    /// wanted number is up on average.
    func grow(to count: Int, _ churnKind: ChurnKind) {
        let lengths = SessionLengths.kad
        let total = churnKind == .none ? count : Int((Double(count) / lengths.availability).rounded())
        let churn = Churn(lengths, seed: world.seed) { [unowned self] _, machine in start(machine) }
        let states = (0..<total).map { _ in churnKind == .none ? (isUp: true, .zero) : churn.initialState() }
        for (number, state) in states.enumerated() {
            let machine = world.addMachine(at: World.publicAddress(number))
            identities.append(Identity(number: UInt64(number) + world.seed << 20, .modelled))
            guard state.isUp else { continue }
            // Those of the beginning have been there for long: their hourly sweeps are not all at one moment.
            start(machine, firstSweepAfter: .seconds(Int.random(in: 1...3600, using: &world.generator)))
            world.run(for: .milliseconds(20))
            noteRunning()
        }
        guard churnKind == .measured else { return }
        self.churn = churn
        for (machine, state) in zip(world.machines, states) {
            churn.change(machine, isUp: state.isUp, after: state.remaining, in: world)
        }
    }

    /// Starts a machine's node with three known peers, as a tracker would name them.
    private func start(_ machine: Machine, firstSweepAfter: Duration = ReferenceNode.sweepInterval) {
        // One that is killed and started within a step is still among those that are there.
        running.removeAll { $0 === machine }
        let peers = (0..<3).compactMap { _ in running.randomElement(using: &world.generator)?.address }
        let identity = identities[machine.index]
        if isOurs(machine) {
            world.startNode(identity, on: machine, storage: machine.setup?.storage ?? ModelArchive(), peers: peers)
        } else {
            world.startReference(identity, on: machine, peers: peers, firstSweepAfter: firstSweepAfter)
        }
        running.append(machine)
    }

    /// Whether a machine runs a node of ours.
    func isOurs(_ machine: Machine) -> Bool {
        switch kind {
        case .bristlecone: true
        case .reference: false
        case .mixed: machine.index % 10 == 0
        }
    }

    func identity(of machine: Machine) -> Identity { identities[machine.index] }

    /// Lets time pass.
    func run(for duration: Duration) {
        world.run(for: duration)
        noteRunning()
    }

    private func noteRunning() { running.removeAll { $0.resident == nil } }

    /// Whether a requester would get a value from a machine now.
    func serves(_ machine: Machine, _ value: PublishedValue) -> Bool {
        if let host = machine.host {
            return host.storage.held(under: value.target).contains {
                $0.entry == value.entry && $0.expiresAt > world.now
            }
        }
        return machine.reference?.store.page(of: value.target).contains(value.entry) ?? false
    }

    /// How many machines that are there serve a value.
    func replicaCount(of value: PublishedValue) -> Int { running.count { serves($0, value) } }
}

/// A value that was published at the beginning.
struct PublishedValue {
    let target: Target
    let entry: Entry
}
