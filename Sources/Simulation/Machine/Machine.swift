package import IPv8
internal import Maintenance

/// One machine: its addresses, its clocks and its resident. ``Shard`` explains why some of it is not checked for
/// exclusive access.
package final class Machine {
    package let index: MachineIndex
    /// The address in its own network, at which its resident listens.
    package let address: Address
    /// Its external address.
    package let outsideHost: IPAddress
    /// `nil` while the machine is off.
    @exclusivity(unchecked) package internal(set) var resident: (any Resident)?
    @exclusivity(unchecked) package var clock: MachineClock
    /// The setup of its node, which outlives the node's runs; `nil` for other residents.
    package internal(set) var setup: NodeSetup?
    /// How often it has been started.
    @exclusivity(unchecked) package internal(set) var life = 0
    /// Datagrams sent and received.
    @exclusivity(unchecked) package internal(set) var sentCount = 0
    @exclusivity(unchecked) package internal(set) var receivedCount = 0

    @exclusivity(unchecked) var generator: SeededGenerator
    @exclusivity(unchecked) var nat: NAT?
    /// The time of its next wake-up, in the world's time.
    @exclusivity(unchecked) var alarm: Instant?
    @exclusivity(unchecked) private var rankCount: UInt64 = 0
    /// Collects all inputs and effects of its nodes; `nil` if nobody wants a digest.
    let digest: MachineDigest?

    init(
        _ index: MachineIndex, at address: Address, behind nat: NATKind, outsideHost: IPAddress, seed: UInt64,
        now: Instant, digest: MachineDigest?
    ) {
        self.index = index
        self.address = address
        self.outsideHost = outsideHost
        self.digest = digest
        clock = MachineClock(bootedAt: now)
        generator = SeededGenerator(seed: seed, stream: UInt64(index) + 1)
        self.nat = nat == .none ? nil : NAT(nat, inside: address, outsideHost: outsideHost)
    }

    /// The rank of its next event among all events at the same moment.
    func nextRank() -> UInt64 {
        rankCount += 1
        return UInt64(index) << 40 | rankCount
    }

    /// The node of ours that runs on it, if one does.
    package var host: NodeHost? { resident as? NodeHost }

    /// The source address of a datagram that it sends now.
    func source(to destination: Address, at now: Instant) -> Address {
        nat?.translate(to: destination, at: now) ?? address
    }

    /// Whether a datagram to a port of its external host gets in.
    func admits(from source: Address, toPort port: UInt16, at now: Instant) -> Bool {
        nat?.admits(from: source, toPort: port, at: now) ?? (port == address.port)
    }
}

/// A machine's node: everything that survives a reboot.
package struct NodeSetup {
    package let identity: Identity
    /// Its archive.
    package let storage: any Storage
    /// The peers that it is started with.
    package var peers: [Address]
    package var settings: NodeSettings
}

/// A machine's clocks, which may be wrong, run fast or slow, and be set.
package struct MachineClock: Sendable {
    /// How far the wall time is ahead of the world's, apart from drift.
    package var wallError = Duration.zero
    /// How much faster than the world's time the machine's clock runs: 0.0001 for a hundred parts in a million.
    package let drift: Double
    private let bootedAt: Instant

    init(bootedAt: Instant, drift: Double = 0, wallError: Duration = .zero) {
        self.bootedAt = bootedAt
        self.drift = drift
        self.wallError = wallError
    }

    /// A reading of the clocks at a moment of the world.
    func reading(at world: Instant) -> ClockReading {
        let sinceBoot = drift == 0 ? world - bootedAt : (world - bootedAt) * (1 + drift)
        return ClockReading(wall: bootedAt + sinceBoot + wallError, sinceBoot: sinceBoot)
    }

    /// The world's time that corresponds to a duration on the machine.
    func worldDuration(of duration: Duration) -> Duration { drift == 0 ? duration : duration / (1 + drift) }
}
