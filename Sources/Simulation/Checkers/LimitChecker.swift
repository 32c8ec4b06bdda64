package import IPv8

/// Checks that no node asks a peer more often than it accepts: ten pings, finds and stores in five seconds.
package final class LimitChecker: Checker {
    package static let name = "limits"
    package var violations: [Violation] = []
    /// The most requests from one node to another in five seconds.
    package private(set) var mostAsked = 0

    private var sentAt: [Pair: [Instant]] = [:]

    private struct Pair: Hashable {
        let machine: MachineIndex
        let destination: Address
        /// A restarted node does not know the requests of the one before it.
        let life: Int
    }

    private static let requestsMax = 10
    private static let interval: Duration = .seconds(5)

    package init() {}

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        // Pings, stores and finds, by their message id.
        guard machine.setup != nil, bytes.count > 22, [1, 3, 5].contains(bytes[22]) else { return }
        if sentAt.count > 16_384 { sentAt = sentAt.filter { ($0.value.last ?? world.now) > world.now - .seconds(5) } }
        let pair = Pair(machine: machine.index, destination: destination, life: machine.life)
        var times = sentAt[pair, default: []]
        times.removeAll { $0 <= world.now - LimitChecker.interval }
        times.append(world.now)
        sentAt[pair] = times
        mostAsked = max(mostAsked, times.count)
        if times.count > LimitChecker.requestsMax {
            report("asks \(destination) \(times.count) times in 5 s", on: machine, in: world)
        }
    }
}
