/// How a network treats datagrams.
package struct NetworkConditions: Sendable {
    /// The shortest and the longest time that a datagram takes. Those of one second may overtake each other.
    package var delay: ClosedRange<Duration>
    /// The share of datagrams that get lost, from 0 to 1.
    package var loss: Double
    /// The share of datagrams that arrive twice.
    package var duplication: Double
    /// The share of datagrams that are held up, and for how long at most.
    package var heldUp: (share: Double, longest: Duration)
    /// The longest datagram that gets through.
    package var datagramBytesMax: Int

    /// Conditions as on a good line within one continent.
    package init(
        delay: ClosedRange<Duration> = .milliseconds(5)...Duration.milliseconds(50), loss: Double = 0,
        duplication: Double = 0, heldUp: (share: Double, longest: Duration) = (0, .zero),
        datagramBytesMax: Int = 65_507
    ) {
        self.delay = delay
        self.loss = loss
        self.duplication = duplication
        self.heldUp = heldUp
        self.datagramBytesMax = datagramBytesMax
    }
}
