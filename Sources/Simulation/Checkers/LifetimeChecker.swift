package import DHTCore
package import IPv8

/// Nobody keeps a value alive beyond its time whose publisher is gone: after that, and an hour after its origin, it is served
/// for one more hour at most. Pinned values are the declared exception, and are not to be given to this checker.
///
/// That holds for signed values, which tell their age, and among machines whose clocks are right. What is unsigned has its
/// origin at each node when it comes there first, and a machine whose clock is slow takes a value for younger than it is.
package final class LifetimeChecker: Checker {
    package static let name = "lifetime"
    package var violations: [Violation] = []
    /// How many looks at values of dead publishers there were.
    package private(set) var lookCount = 0

    private let timing: StorageTiming
    private var publishers: [[UInt8]: MachineIndex] = [:]
    private var lastAlive: [MachineIndex: Instant] = [:]
    private var origins: [[UInt8]: Instant] = [:]

    private static let slack: Duration = .seconds(10)

    /// A checker of a world with such a timing.
    package init(timing: StorageTiming) { self.timing = timing }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard case .publish(_, let entry) = command, entry.signature != nil else { return }
        publishers[entry.bytes] = machine.index
        if origins[entry.bytes] == nil { origins[entry.bytes] = world.now }
    }

    package func killed(_ machine: Machine, in world: World) { lastAlive[machine.index] = world.now }

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        guard machine.setup != nil, !publishers.isEmpty, let packet = try? Packet(decoding: bytes),
            case .findResponse(let response) = packet.message
        else { return }
        for value in response.values {
            guard let publisher = publishers[value], let origin = origins[value],
                world.machines[publisher].resident == nil, let lastAlive = lastAlive[publisher]
            else { continue }
            lookCount += 1
            let end = max(lastAlive, origin + timing.lifetime) + timing.servedFor + LifetimeChecker.slack
            if world.now > end {
                report(
                    "serves a value \(world.now - end) after its time",
                    on: machine, in: world)
            }
        }
    }
}
