package import DHTCore
package import IPv8

/// Nobody keeps a value alive beyond its time whose publisher is gone or has withdrawn it: after that, and an hour after its
/// origin, it is served for one more hour at most. What is under a key that somebody has pinned is the declared exception.
///
/// That holds for signed values, which tell their age, and among machines whose clocks are right. What is unsigned has its
/// origin at each node when it comes there first, and a machine whose clock is slow takes a value for younger than it is.
package final class LifetimeChecker: Checker {
    package static let name = "lifetime"
    package var violations: [Violation] = []
    /// How many looks there were at values whose publishers were gone, and at values that had been withdrawn.
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

    /// Commits and stores that are under way take time.
    private static let slack: Duration = .seconds(10)

    /// A checker of a world with such a timing.
    package init(timing: StorageTiming) { self.timing = timing }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard case .publish(let target, let entry) = command, entry.signature != nil else { return }
        // Whoever publishes a value once more stands by it again.
        publications[entry.bytes] = Publication(
            machine: machine.index, target: target, origin: publications[entry.bytes]?.origin ?? world.now)
    }

    package func killed(_ machine: Machine, in world: World) { lastAlive[machine.index] = world.now }

    /// The pin may come to pass, or not.
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

    /// Until when a publisher stood by a value; `nil` where that is still so.
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
