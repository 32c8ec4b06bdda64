package import IPv8
internal import Maintenance

/// One machine: where it is, its clocks, and what runs on it. Why some of it is not checked for exclusive access, see
/// ``Shard``.
package final class Machine {
    /// Which of the world's machines it is.
    package let index: MachineIndex
    /// Where what runs on it listens: its own address in its own network.
    package let address: Address
    /// Where others see it.
    package let outsideHost: IPAddress
    /// What runs on it; `nil` while it is off.
    @exclusivity(unchecked) package internal(set) var resident: (any Resident)?
    @exclusivity(unchecked) package var clock: MachineClock
    /// The node that it was set up for, which outlives the node's runs; `nil` where it runs something else.
    package internal(set) var setup: NodeSetup?
    /// How often it has been started.
    @exclusivity(unchecked) package internal(set) var life = 0
    /// How many datagrams it has sent, and how many came in.
    @exclusivity(unchecked) package internal(set) var sentCount = 0
    @exclusivity(unchecked) package internal(set) var receivedCount = 0

    @exclusivity(unchecked) var generator: SeededGenerator
    @exclusivity(unchecked) var nat: NAT?
    /// The alarm that is set in the world's time.
    @exclusivity(unchecked) var alarm: Instant?
    @exclusivity(unchecked) private var rankCount: UInt64 = 0
    /// Where everything goes that its nodes are told and want done; `nil` where nobody wants a digest.
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

    /// The rank of the next thing that it brings about, among all that are to happen at the same moment.
    func nextRank() -> UInt64 {
        rankCount += 1
        return UInt64(index) << 40 | rankCount
    }

    /// The node of ours that runs on it, if one does.
    package var host: NodeHost? { resident as? NodeHost }

    /// Where its datagrams seem to come from, sent now to a destination.
    func source(to destination: Address, at now: Instant) -> Address {
        nat?.translate(to: destination, at: now) ?? address
    }

    /// Whether a datagram gets in that came for a port of its outside host.
    func admits(from source: Address, toPort port: UInt16, at now: Instant) -> Bool {
        nat?.admits(from: source, toPort: port, at: now) ?? (port == address.port)
    }
}

/// What makes a machine's node: all that is there again after a reboot.
package struct NodeSetup {
    package let identity: Identity
    /// What it keeps.
    package let storage: any Storage
    /// Whom it is told of.
    package var peers: [Address]
    /// How it is set.
    package var settings: NodeSettings
}

/// A machine's clocks, which may be wrong, run fast or slow, and be set.
package struct MachineClock: Sendable {
    /// How far the time of day is ahead of the world's, beyond what drift makes of it.
    package var wallError = Duration.zero
    /// How much faster than the world's time the machine's runs: 0.0001 for a hundred parts in a million.
    package let drift: Double
    private let bootedAt: Instant

    init(bootedAt: Instant, drift: Double = 0, wallError: Duration = .zero) {
        self.bootedAt = bootedAt
        self.drift = drift
        self.wallError = wallError
    }

    /// What the clocks show at a moment of the world.
    func reading(at world: Instant) -> ClockReading {
        let sinceBoot = drift == 0 ? world - bootedAt : (world - bootedAt) * (1 + drift)
        return ClockReading(wall: bootedAt + sinceBoot + wallError, sinceBoot: sinceBoot)
    }

    /// How long the world's time takes for a time of the machine's.
    func worldDuration(of duration: Duration) -> Duration { drift == 0 ? duration : duration / (1 + drift) }
}
