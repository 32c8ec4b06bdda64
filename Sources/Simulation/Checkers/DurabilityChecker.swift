package import DHTCore
package import IPv8
internal import Maintenance

/// Checks that an acknowledged value is in the archive at its version or a later one: immediately, and then served for
/// a while; after every crash and every sweep; and at the end.
///
/// Pinned values, and those published here and not withdrawn, stay for good. Values of others may be removed after
/// their retention, by the archive's own clock, and only in a sweep.
package final class DurabilityChecker: Checker {
    package static let name = "durability"
    package var violations: [Violation] = []
    /// Values acknowledged to peers, and to users.
    package private(set) var acknowledgedCount = 0
    /// Checks of acknowledged values after crashes and sweeps and at the end.
    package private(set) var lookCount = 0
    /// Sweeps, and the values that left the serving window and the archive in them.
    package private(set) var sweepCount = 0
    package private(set) var retiredCount = 0
    package private(set) var deletedCount = 0

    private let retainedFor: Duration
    private var asked: [ExchangeKey: Asked] = [:]
    private var published: [CommandID: Asked] = [:]
    private var promises: [MachineIndex: [ValueKey: Promise]] = [:]
    private var pinned: [MachineIndex: Set<Target>] = [:]
    /// When a withdrawal was last requested. An earlier publication may still be reported as done.
    private var withdrawnAt: [MachineIndex: [ValueKey: Instant]] = [:]
    /// The latest versions that were removed after their retention: no earlier version may be accepted after them.
    private var letGo: [MachineIndex: [ValueKey: Version]] = [:]
    private var targets: Set<Target> = []
    /// The stored values just before a sweep.
    private var heldBefore: [ValueKey: Version] = [:]

    /// A requested pin or publication, and by how much the archive's time was ahead of the core's then.
    private struct Asked {
        let target: Target
        let entries: [Entry]
        let at: Instant
        let offset: Duration?
    }

    private struct Promise {
        var version: Version
        /// When it may be removed, in the archive's time; `nil` if it stays for good.
        var until: Instant?
    }

    /// - Parameter retainedFor: how long the world's archives retain other people's values.
    package init(retainedFor: Duration) { self.retainedFor = retainedFor }

    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard machine.setup != nil, let packet = try? Packet(decoding: bytes),
            case .storeRequest(let request) = packet.message
        else { return }
        let entries = request.values.compactMap { try? Entry(bytes: $0) }
        let key = ExchangeKey(machine: machine.index, peer: source, number: request.id.number)
        asked[key] = Asked(
            target: request.target, entries: entries, at: world.now, offset: machine.host?.clock.offset)
        if asked.count > 4096 { asked = asked.filter { world.now - $0.value.at < .seconds(60) } }
    }

    package func sent(
        _ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World
    ) {
        guard machine.setup != nil, let packet = try? Packet(decoding: bytes),
            case .storeResponse(let response) = packet.message,
            let request = asked[
                ExchangeKey(machine: machine.index, peer: destination, number: response.id.number)]
        else { return }
        for entry in request.entries { acknowledged(entry, of: request, isPublished: false, on: machine, in: world) }
    }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard case .publish(let target, let entry) = command else { return }
        published[id] = Asked(target: target, entries: [entry], at: world.now, offset: machine.host?.clock.offset)
    }

    package func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {
        guard case .published = outcome, let publication = published.removeValue(forKey: id) else { return }
        for entry in publication.entries {
            acknowledged(entry, of: publication, isPublished: true, on: machine, in: world)
        }
    }

    /// The withdrawal may happen or not.
    package func asked(for change: StorageChange, on machine: Machine, in world: World) {
        guard case .withdraw(let target, let entry) = change else { return }
        let key = ValueKey(target, entry)
        withdrawnAt[machine.index, default: [:]][key] = world.now
        guard promises[machine.index]?[key] != nil, let held = held(key, on: machine) else { return }
        promises[machine.index]?[key]?.until = held.expiresAt + retainedFor
    }

    package func changed(_ change: StorageChange, on machine: Machine, in world: World) {
        if case .pin(let target) = change { pinned[machine.index, default: []].insert(target) }
    }

    package func started(_ machine: Machine, in world: World) { look(at: machine, in: world) }

    package func inspect(_ world: World) {
        for machine in world.machines { look(at: machine, in: world) }
    }

    /// The retention from now on follows from the present value.
    package func sweeping(_ machine: Machine, in world: World) {
        look(at: machine, in: world)
        heldBefore = [:]
        for target in targets {
            for held in machine.setup?.storage.held(under: target) ?? [] {
                heldBefore[ValueKey(target, held.entry)] = held.entry.version
            }
        }
        for (key, promise) in promises[machine.index] ?? [:] where promise.until != nil {
            guard let held = held(key, on: machine) else { continue }
            promises[machine.index]?[key]?.until = held.expiresAt + retainedFor
        }
    }

    package func swept(_ sweep: Sweep, on machine: Machine, in world: World) {
        sweepCount += 1
        retiredCount += sweep.retiredCount
        deletedCount += sweep.deletedCount
        for (key, promise) in promises[machine.index] ?? [:] where held(key, on: machine) == nil {
            guard pinned[machine.index]?.contains(key.target) != true, let until = promise.until, until <= sweep.at
            else { continue }
            promises[machine.index]?[key] = nil
        }
        for (key, version) in heldBefore where held(key, on: machine) == nil {
            letGo[machine.index, default: [:]][key] = version
        }
        look(at: machine, in: world)
    }

    private func acknowledged(
        _ entry: Entry, of request: Asked, isPublished: Bool, on machine: Machine, in world: World
    ) {
        acknowledgedCount += 1
        targets.insert(request.target)
        let key = ValueKey(request.target, entry)
        guard let held = held(key, on: machine), held.entry.version >= entry.version else {
            if let gone = letGo[machine.index]?[key], gone > entry.version { return }
            return report("acknowledges \(key.id) under \(key.target), which is not held", on: machine, in: world)
        }
        // A later version, or other data of this one, may have expired; it is not the value that was stored now.
        if held.entry.version == entry.version, held.entry.data == entry.data, let host = machine.host,
            host.clock.offset == request.offset, held.expiresAt <= host.archiveTime
        {
            report(
                "acknowledges \(key.id) under \(key.target), which expired \(host.archiveTime - held.expiresAt) ago",
                on: machine, in: world)
        }
        let known = promises[machine.index]?[key]
        let isStoodBy = isPublished && withdrawnAt[machine.index]?[key].map { $0 >= request.at } != true
        let isForGood = isStoodBy || known != nil && known?.until == nil
        promises[machine.index, default: [:]][key] = Promise(
            version: max(entry.version, known?.version ?? entry.version),
            until: isForGood ? nil : held.expiresAt + retainedFor)
    }

    private func held(_ key: ValueKey, on machine: Machine) -> HeldEntry? {
        machine.setup?.storage.held(under: key.target).first { $0.entry.id == key.id }
    }

    private func look(at machine: Machine, in world: World) {
        guard let storage = machine.setup?.storage, let promises = promises[machine.index] else { return }
        var held: [Target: [HeldEntry]] = [:]
        for (key, promise) in promises {
            lookCount += 1
            let entries = held[key.target] ?? storage.held(under: key.target)
            held[key.target] = entries
            if !entries.contains(where: { $0.entry.id == key.id && $0.entry.version >= promise.version }) {
                report("\(key.target) \(key.id) was acknowledged and is not held", on: machine, in: world)
            }
        }
    }
}

extension Entry {
    /// The version of a signed entry; unsigned entries all have the same.
    fileprivate var version: Version { signature?.version ?? Version(0) }
}
