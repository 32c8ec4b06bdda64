internal import DHTCore
package import IPv8

/// Whole overlays at once.
extension World {
    /// The public address that the machine with a number has: spread over the networks of the world, so that ids are spread
    /// and no network has more than its share.
    package static func publicAddress(_ number: Int) -> Address {
        // Odd multipliers permute the numbers; what they give is laid into 16 to 99.x.y.z.
        let spread = UInt32(truncatingIfNeeded: number) &* 0x9E37_79B1 & 0x00FF_FFFF
        let first = 16 + UInt32(number) % 84
        return Address(host: .v4(first << 24 | spread), port: 8090)
    }

    /// Adds machines that each run a node of ours, which knows a few of those before it.
    ///
    /// - Parameter spacing: how much time passes between one start and the next.
    @discardableResult
    package func addNodes(_ count: Int, spacing: Duration = .zero) -> [Machine] {
        (0..<count).map { _ in
            let number = machines.count
            let machine = addMachine(at: World.publicAddress(number))
            startNode(
                Identity(number: UInt64(number) + seed << 20, settings.signatures), on: machine,
                storage: ModelArchive(timing: settings.timing, sabotage: settings.sabotage),
                peers: knownPeers(of: number))
            if spacing > .zero { run(for: spacing) }
            return machine
        }
    }

    /// Whom a newcomer is told of: three of those that are there.
    package func knownPeers(of number: Int) -> [Address] {
        guard number > 0 else { return [] }
        return (0..<3).map { _ in machines[Int.random(in: 0..<number, using: &generator)].address }
    }
}

/// The reference's nodes among the others.
extension World {
    /// Starts a node of the reference's on a machine, with nothing of what an earlier one knew.
    ///
    /// - Parameter firstSweepAfter: when it first lets go of expired values; less than the interval for a node that is to
    ///   stand for one that has run for longer.
    @discardableResult
    package func startReference(
        _ identity: Identity, on machine: Machine, peers: [Address] = [],
        firstSweepAfter: Duration = ReferenceNode.sweepInterval
    ) -> ReferenceNode {
        let node = ReferenceNode(
            identity, at: machine.address, peers: peers, signatures: settings.signatures,
            firstSweepAfter: firstSweepAfter)
        start(node, on: machine)
        return node
    }
}

extension Machine {
    /// The node of the reference's that runs on it, if one does.
    package var reference: ReferenceNode? { resident as? ReferenceNode }
}
