/// How a network treats datagrams.
public struct NetworkConditions: Sendable {
    /// The shortest and the longest time that a datagram takes.
    public var delay: ClosedRange<Duration>
    /// The share of datagrams that get lost, from 0 to 1.
    public var loss: Double

    /// Conditions as on a good line within one continent.
    public init(delay: ClosedRange<Duration> = .milliseconds(5)...Duration.milliseconds(50), loss: Double = 0) {
        self.delay = delay
        self.loss = loss
    }

    func loses(using generator: inout SeededGenerator) -> Bool {
        loss > 0 && Double.random(in: 0..<1, using: &generator) < loss
    }

    func delay(using generator: inout SeededGenerator) -> Duration {
        let share = Double.random(in: 0...1, using: &generator)
        return delay.lowerBound + (delay.upperBound - delay.lowerBound) * share
    }
}

/// Random numbers that follow from a seed, the same on every machine: xorshift64*.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed == 0 ? 1 : seed }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
