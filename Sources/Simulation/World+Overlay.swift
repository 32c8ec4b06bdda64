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
