internal import IPv8

/// The network between the machines: who has which host, and who is cut off from whom.
package final class Network {
    /// How datagrams are treated. May change at any time.
    package var conditions: NetworkConditions
    /// The partition of each machine; the default is 0. Machines of different partitions do not reach each other.
    package var parts: [MachineIndex: Int] = [:]
    private var hosts: [IPAddress: MachineIndex] = [:]

    init(_ conditions: NetworkConditions) { self.conditions = conditions }

    func place(_ machine: MachineIndex, at host: IPAddress) { hosts[host] = machine }

    func machine(at host: IPAddress) -> MachineIndex? { hosts[host] }

    func connects(_ left: MachineIndex, _ right: MachineIndex) -> Bool {
        parts.isEmpty || parts[left, default: 0] == parts[right, default: 0]
    }

    /// The delay of each arriving copy of a datagram: usually one.
    func delays(ofBytes count: Int, using generator: inout SeededGenerator) -> (first: Duration?, second: Duration?) {
        guard count <= conditions.datagramBytesMax, !generator.happens(conditions.loss) else { return (nil, nil) }
        let first = delay(using: &generator)
        return (first, generator.happens(conditions.duplication) ? delay(using: &generator) : nil)
    }

    private func delay(using generator: inout SeededGenerator) -> Duration {
        let usual = generator.duration(in: conditions.delay)
        guard generator.happens(conditions.heldUp.share) else { return usual }
        return usual + generator.duration(in: .zero...conditions.heldUp.longest)
    }
}

/// The number of a machine in its world.
package typealias MachineIndex = Int

/// How a network treats datagrams.
package struct NetworkConditions: Sendable {
    /// The shortest and the longest delay. Datagrams sent close together may overtake each other.
    package var delay: ClosedRange<Duration>
    /// The share of lost datagrams, from 0 to 1.
    package var loss: Double
    /// The share of duplicated datagrams.
    package var duplication: Double
    /// The share of datagrams that are held up, and for how long at most.
    package var heldUp: (share: Double, longest: Duration)
    /// The maximum size of a datagram.
    package var datagramBytesMax: Int

    /// The conditions of a good line within one continent.
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
