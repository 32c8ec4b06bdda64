package import DHTCore
package import IPv8

/// Checks that nobody keeps a value alive after its publisher has left or withdrawn it. From then, and from an hour
/// after its origin, it is served for at most one more hour. Values under a pinned key are the declared exception.
///
/// This holds for signed values, which tell their age, and for machines with correct clocks. An unsigned value has a
/// new origin at each node where it arrives, and a machine with a slow clock believes that a value is younger than it
/// is.
package final class LifetimeChecker: Checker {
    package static let name = "lifetime"
    package var violations: [Violation] = []
    /// Checks of values whose publishers had left, and of withdrawn values.
    package private(set) var lookCount = 0
    package private(set) var withdrawnLookCount = 0

    private let timing: StorageTiming
    private var publications: [[UInt8]: Publication] = [:]
    private var lastAlive: [MachineIndex: Instant] = [:]
    private var pinned: Set<Target> = []

    /// The first publishing of a value.
    private struct Publication {
        let machine: MachineIndex
        let target: Target
        let origin: Instant
        var withdrawnAt: Instant?
    }

    /// Commits and stores under way take time.
    private static let slack: Duration = .seconds(10)

    package init(timing: StorageTiming) { self.timing = timing }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard case .publish(let target, let entry) = command, entry.signature != nil else { return }
        // A new publication of the value ends its withdrawal.
        publications[entry.bytes] = Publication(
            machine: machine.index, target: target, origin: publications[entry.bytes]?.origin ?? world.now)
    }

    package func killed(_ machine: Machine, in world: World) { lastAlive[machine.index] = world.now }

    /// The pin may happen or not.
    package func asked(for change: StorageChange, on machine: Machine, in world: World) {
        if case .pin(let target) = change { pinned.insert(target) }
    }

    package func changed(_ change: StorageChange, on machine: Machine, in world: World) {
        guard case .withdraw(_, let entry) = change else { return }
        publications[entry.bytes]?.withdrawnAt = world.now
    }

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        guard machine.setup != nil, !publications.isEmpty, let packet = try? Packet(decoding: bytes),
            case .findResponse(let response) = packet.message
        else { return }
        for value in response.values {
            guard let publication = publications[value], !pinned.contains(publication.target),
                let caredForUntil = endOfCare(for: publication, in: world)
            else { continue }
            let end = max(caredForUntil, publication.origin + timing.lifetime) + timing.servedFor
            if world.now > end + LifetimeChecker.slack {
                report("serves a value \(world.now - end) after its time", on: machine, in: world)
            }
        }
    }

    /// When the publisher left or withdrew the value; `nil` if neither.
    private func endOfCare(for publication: Publication, in world: World) -> Instant? {
        if let withdrawnAt = publication.withdrawnAt {
            withdrawnLookCount += 1
            return withdrawnAt
        }
        guard world.machines[publication.machine].resident == nil else { return nil }
        lookCount += 1
        return lastAlive[publication.machine]
    }
}
