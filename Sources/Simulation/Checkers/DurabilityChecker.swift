package import DHTCore
package import IPv8

/// What was acknowledged is held, at its version or a later one: at once, after every crash, and at the end.
package final class DurabilityChecker: Checker {
    package static let name = "durability"
    package var violations: [Violation] = []
    /// How many values have been acknowledged to peers, and how many to users.
    package private(set) var acknowledgedCount = 0
    /// How many looks at acknowledged values there were after crashes and at the end.
    package private(set) var lookCount = 0

    private var asked: [ExchangeKey: (target: Target, entries: [Entry], at: Instant)] = [:]
    private var published: [CommandID: (target: Target, entry: Entry)] = [:]
    private var acknowledged: [MachineIndex: [ValueKey: Version]] = [:]

    /// A checker that knows of nothing yet.
    package init() {}

    package func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard machine.setup != nil, let packet = try? Packet(decoding: bytes),
            case .storeRequest(let request) = packet.message
        else { return }
        let entries = request.values.compactMap { try? Entry(bytes: $0) }
        let key = ExchangeKey(machine: machine.index, peer: source, number: request.id.number)
        asked[key] = (request.target, entries, world.now)
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
        for entry in request.entries { acknowledge(entry, under: request.target, on: machine, in: world) }
    }

    package func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        if case .publish(let target, let entry) = command { published[id] = (target, entry) }
    }

    package func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {
        guard case .published = outcome, let publication = published.removeValue(forKey: id) else { return }
        acknowledge(publication.entry, under: publication.target, on: machine, in: world)
    }

    package func started(_ machine: Machine, in world: World) { look(at: machine, in: world) }

    package func inspect(_ world: World) {
        for machine in world.machines { look(at: machine, in: world) }
    }

    private func acknowledge(_ entry: Entry, under target: Target, on machine: Machine, in world: World) {
        acknowledgedCount += 1
        let key = ValueKey(target, entry)
        let version = entry.signature?.version ?? Version(0)
        if let known = acknowledged[machine.index]?[key], known > version { return }
        acknowledged[machine.index, default: [:]][key] = version
    }

    private func look(at machine: Machine, in world: World) {
        guard let storage = machine.setup?.storage, let promises = acknowledged[machine.index] else { return }
        var held: [Target: [HeldEntry]] = [:]
        for (key, version) in promises {
            lookCount += 1
            let entries = held[key.target] ?? storage.held(under: key.target)
            held[key.target] = entries
            let isHeld = entries.contains { held in
                held.entry.id == key.id && (held.entry.signature?.version ?? Version(0)) >= version
            }
            if !isHeld {
                report("\(key.target) \(key.id) was acknowledged and is not held", on: machine, in: world)
            }
        }
    }
}
