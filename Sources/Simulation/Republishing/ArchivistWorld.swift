package import DHTCore
package import IPv8
internal import Kademlia
package import Maintenance

/// One of our nodes that has published much, among many ``StillNode``s.
package final class ArchivistWorld {
    package let world: World
    /// The machine of our node; off until ``boot()``.
    package let archivist: Machine
    package let storage: ModelArchive
    /// The published keys.
    package let targets: [Target]
    /// The other nodes.
    package let settlement: Settlement
    package let ledger: StoreLedger
    /// Measures its requests.
    package let meter: RequestMeter

    private var residents: [StillNode] = []
    private let settings: NodeSettings

    /// Builds a world in which every value was stored some time ago.
    ///
    /// - Parameters:
    ///   - ages: how long ago the first and the last value was stored; the others in between.
    ///   - keepsValues: whether the other nodes can return what they store.
    package init(
        seed: UInt64, nodes: Int, values: Int, ages: ClosedRange<Duration>, settings: NodeSettings,
        network: NetworkConditions = NetworkConditions(), keepsValues: Bool = false
    ) throws {
        self.settings = settings
        world = World(seed: seed, network: network, settings: settings)
        storage = ModelArchive(timing: settings.timing, sabotage: settings.sabotage)
        ledger = StoreLedger()
        let identities = (0..<nodes).map { Identity(number: UInt64($0) + seed << 20, settings.signatures) }
        settlement = Settlement(
            identities.indices.map {
                NodeInfo(address: World.publicAddress($0), publicKey: identities[$0].publicKey)
            })
        targets = (0..<values).map { Target(hashing: "value \($0)") }
        for index in 0..<nodes { _ = world.addMachine(at: World.publicAddress(index)) }
        archivist = world.addMachine(at: World.publicAddress(nodes))
        meter = RequestMeter(of: archivist)
        world.observers.append(meter)
        settle(identities, keepsValues: keepsValues)
        try publish(ages)
    }

    private func settle(_ identities: [Identity], keepsValues: Bool) {
        var byKey: [PublicKey: Int] = [:]
        for (index, identity) in identities.enumerated() { byKey[identity.publicKey] = index }
        for (place, member) in settlement.members.enumerated() {
            guard let index = byKey[member.node.publicKey] else { continue }
            let resident = StillNode(
                identities[index], place: place, in: settlement, ledger: ledger, servedFor: settings.timing.servedFor,
                keepsValues: keepsValues, using: &world.generator)
            residents.append(resident)
            world.start(resident, on: world.machines[index])
        }
    }

    /// Fills the archive as if everything had been published here and stored on the closest nodes.
    private func publish(_ ages: ClosedRange<Duration>) throws {
        let span = ages.upperBound - ages.lowerBound
        for (number, target) in targets.enumerated() {
            let entry = try Entry(unsigned: Array("\(number)".utf8))
            let storedAt = world.now - ages.upperBound + span * (Double(number) / Double(max(1, targets.count)))
            let expiresAt = storedAt + settings.timing.servedFor
            let intent = StoreChange(target: target, entries: [entry], expiresAt: expiresAt, provenance: .publishedHere)
            _ = storage.commit([.store(intent)], at: storedAt)
            guard expiresAt > world.now else { continue }
            for place in settlement.closest(to: target, count: 8) {
                ledger.note(target, on: place, at: storedAt, until: expiresAt)
                residents[place].keep(entry, under: target, until: expiresAt)
            }
        }
    }

    /// Starts our node: the first time with a few peers, later with its saved contacts.
    package func boot() {
        guard archivist.setup == nil else {
            world.boot(archivist)
            return
        }
        let number = UInt64(settlement.members.count)
        world.startNode(
            Identity(number: number + world.seed << 20, settings.signatures), on: archivist, storage: storage,
            peers: (0..<3).map { settlement.members[$0 * (settlement.members.count - 1) / 2].node.address })
    }

    /// The pace of its republishing.
    package var limits: RepublishLimits { settings.republishLimits }

    /// Our node; `nil` while it is off.
    package var node: Node? { archivist.host?.node }

    /// How many of the values have fewer replicas than this.
    package func count(heldByFewerThan copies: Int) -> Int {
        targets.count { ledger.copyCount(of: $0, at: world.now) < copies }
    }

    /// The share of replicas on the eight nodes closest to their key.
    package func shareOnClosest() -> Double {
        var (right, all) = (0, 0)
        for target in targets {
            let closest = settlement.closest(to: target, count: 8)
            let places = ledger.places(of: target, at: world.now)
            right += places.count { closest.contains($0) }
            all += places.count
        }
        return all == 0 ? 0 : Double(right) / Double(all)
    }
}
