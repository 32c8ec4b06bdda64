internal import SplitMix

/// Random numbers that follow from a seed, the same on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var numbers: SplitMix64

    /// A generator for a seed, or for one of a seed's many streams.
    package init(seed: UInt64, stream: UInt64 = 0) {
        numbers = SplitMix64(seed: seed)
        numbers = SplitMix64(seed: next() ^ stream &* 0x9E37_79B9_7F4A_7C15)
    }

    package mutating func next() -> UInt64 { numbers.next() }

    /// A number from 0 to below 1.
    package mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// Whether an event with this probability happens.
    package mutating func happens(_ probability: Double) -> Bool { probability > 0 && fraction() < probability }

    /// A random duration in a range, all equally likely.
    package mutating func duration(in range: ClosedRange<Duration>) -> Duration {
        let span = (range.upperBound - range.lowerBound).inNanoseconds
        return range.lowerBound + .nanoseconds(Int64(Double(span) * fraction()))
    }
}

extension Duration {
    /// The whole nanoseconds of a duration below some centuries.
    var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
