internal import IPv8

/// What lies between the machines: who is reached at a host, and who is cut off from whom.
package final class Network {
    /// How datagrams are treated; may be changed at any time.
    package var conditions: NetworkConditions
    /// Machines of different parts do not reach each other; part 0 for those that are not named.
    package var parts: [MachineIndex: Int] = [:]
    private var hosts: [IPAddress: MachineIndex] = [:]

    init(_ conditions: NetworkConditions) { self.conditions = conditions }

    func place(_ machine: MachineIndex, at host: IPAddress) { hosts[host] = machine }

    func machine(at host: IPAddress) -> MachineIndex? { hosts[host] }

    func connects(_ left: MachineIndex, _ right: MachineIndex) -> Bool {
        parts.isEmpty || parts[left, default: 0] == parts[right, default: 0]
    }

    /// How long each copy of a datagram takes that arrives: mostly one.
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

/// Names a machine of a world.
package typealias MachineIndex = Int
