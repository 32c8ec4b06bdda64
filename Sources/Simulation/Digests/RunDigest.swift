internal import DHTCore
internal import IPv8
internal import Synchronization

/// One number that stands for everything that the nodes of a run were told and wanted done, in which order and when.
///
/// Two programs that give the same digest for the same seed behave alike in that run. So a change that only moves code
/// leaves all digests as they are.
package final class RunDigest: Sendable {
    private let worlds = Mutex<[WorldDigest]>([])

    /// The digest that worlds made in this task report to; `nil` for none.
    @TaskLocal static var current: RunDigest?

    private init() {}

    /// Runs something and tells the digest of every node in every world that it made.
    package static func digest(of body: () throws -> Void) rethrows -> String {
        let run = RunDigest()
        try $current.withValue(run) { try body() }
        return run.finish()
    }

    /// Begins the digest of another world; `nil` if nobody wants one.
    static func beginWorld() -> WorldDigest? {
        guard let current else { return nil }
        let world = WorldDigest()
        current.worlds.withLock { $0.append(world) }
        return world
    }

    private func finish() -> String {
        var sum = SHA256()
        for world in worlds.withLock({ $0 }) {
            for machine in world.machines { sum.update(machine.finish()[...]) }
        }
        return Hex.encode(sum.finish().prefix(RunDigest.shownByteCount))
    }

    /// Half of SHA-256 is plenty to tell runs apart.
    private static let shownByteCount = 16
}

/// The digests of the machines of one world, in the order in which the machines were added. Shards add to those of their
/// own machines only.
final class WorldDigest: @unchecked Sendable {
    fileprivate private(set) var machines: [MachineDigest] = []

    /// Begins the digest of the next machine. Machines are added by the thread that owns the world.
    func addMachine() -> MachineDigest {
        let machine = MachineDigest()
        machines.append(machine)
        return machine
    }
}

/// The digest of what the nodes of one machine were told and wanted done, over all their lives.
final class MachineDigest {
    private var state = [UInt8](repeating: 0, count: SHA256.byteCount)
    private var encoder = DigestEncoder()

    /// Takes in an input, the effects that the node answered it with, and when it wants to be woken next.
    func add(_ input: Input, at now: Instant, _ effects: [Effect], nextWakeUp: Instant?) {
        encoder.add(now)
        encoder.add(input)
        encoder.add(effects.count)
        for effect in effects { encoder.add(effect) }
        encoder.add(optional: nextWakeUp)
        if encoder.bytes.count >= MachineDigest.chunkByteCount { takeIn() }
    }

    func finish() -> [UInt8] {
        takeIn()
        return state
    }

    private func takeIn() {
        var sum = SHA256()
        sum.update(state[...])
        sum.update(encoder.bytes[...])
        state = sum.finish()
        encoder.bytes.removeAll(keepingCapacity: true)
    }

    private static let chunkByteCount = 65_536
}
