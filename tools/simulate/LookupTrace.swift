import DHTCore
import IPv8
import Simulation

/// Follows lookups from outside, in the same way for every kind of node: counts the requests for the wanted key, and how
/// many hops away from the first ones a node was that answered.
final class LookupTrace: Observer {
    private var lookups: [MachineIndex: Lookup] = [:]
    private(set) var finished: [Lookup] = []

    struct Lookup {
        let id: CommandID
        let value: PublishedValue
        let isQuiet: Bool
        let startedAt: Instant
        var asked: [UInt32: Address] = [:]
        var hops: [Address: Int] = [:]
        /// The distance of the first node that answered with the value.
        var hopsToValue: Int?
        var timeToValue: Duration?
        var timeToEnd: Duration?
        var wasFound = false
    }

    /// The value that the next lookup is for, and whether nobody has looked it up before.
    var next: (value: PublishedValue, isQuiet: Bool)?

    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard let (value, isQuiet) = next, command == .find(value.target) else { return }
        lookups[machine.index] = Lookup(id: id, value: value, isQuiet: isQuiet, startedAt: world.now)
        next = nil
    }

    func isLookingUp(_ machine: Machine) -> Bool { lookups[machine.index] != nil }

    /// Removes and returns the finished lookups.
    func takeFinished() -> [Lookup] {
        defer { finished = [] }
        return finished
    }

    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World) {
        guard !lookups.isEmpty, var lookup = lookups[machine.index], bytes[Packet.prefix.count] == 5,
            let packet = try? Packet(decoding: bytes), case .findRequest(let request) = packet.message
        else { return }
        if request.target == lookup.value.target {
            lookup.asked[request.id.number] = destination
            if lookup.hops[destination] == nil { lookup.hops[destination] = 1 }
        }
        lookups[machine.index] = lookup
    }

    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard !lookups.isEmpty, var lookup = lookups[machine.index], bytes[Packet.prefix.count] == 6,
            let packet = try? Packet(decoding: bytes), case .findResponse(let response) = packet.message,
            lookup.asked[response.id.number] == source, let hops = lookup.hops[source]
        else { return }
        for node in response.nodes where lookup.hops[node.address] == nil { lookup.hops[node.address] = hops + 1 }
        if lookup.hopsToValue == nil, response.values.contains(lookup.value.entry.bytes) {
            lookup.hopsToValue = hops
            lookup.timeToValue = world.now - lookup.startedAt
        }
        lookups[machine.index] = lookup
    }

    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {
        guard var lookup = lookups[machine.index], lookup.id == id, case .found(let found) = outcome else { return }
        lookups[machine.index] = nil
        lookup.timeToEnd = world.now - lookup.startedAt
        lookup.wasFound = found.entries.contains(lookup.value.entry)
        finished.append(lookup)
    }

    /// A node that loses its power does not finish its lookups; that says nothing about the overlay.
    func killed(_ machine: Machine, in world: World) { lookups[machine.index] = nil }
}

/// Counts sent datagrams by kind of message.
final class MessageCounts: Observer {
    private(set) var counts = [Int](repeating: 0, count: 256)

    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World) {
        counts[Int(bytes[Packet.prefix.count])] += 1
    }

    func reset() { counts = [Int](repeating: 0, count: 256) }

    /// The kinds of messages under the names that the report has for them.
    static let names: [(String, [Int])] = [
        ("pings", [1, 2]), ("finds", [5, 6]), ("stores", [3, 4]), ("peers by key", [7, 8, 9, 10]),
        ("introductions", [246, 234, 245, 233]), ("punctures", [250, 232, 249, 231]),
    ]
}
