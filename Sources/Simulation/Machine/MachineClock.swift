internal import IPv8
internal import Maintenance

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
