import DHTCore
import IPv8
import Simulation

/// Follows searches from outside, the same way whoever searches: counts the requests for what is sought, and how far from
/// the searcher those are that were asked.
///
/// A node that the searcher knew by itself is one hop away; one that it learnt of in an answer is one hop farther away than
/// who answered.
final class LookupTrace: Observer {
    private var searches: [MachineIndex: Search] = [:]
    private(set) var finished: [Search] = []

    struct Search {
        let id: CommandID
        let value: PublishedValue
        let isQuiet: Bool
        let startedAt: Instant
        var asked: [UInt32: Address] = [:]
        var hops: [Address: Int] = [:]
        /// The distance of who first answered with the value.
        var hopsToValue: Int?
        var timeToValue: Duration?
        var timeToEnd: Duration?
        var wasFound = false
    }

    /// The value that the next search is for, and whether it is one of those not searched before.
    var next: (value: PublishedValue, isQuiet: Bool)?

    func issued(_ id: CommandID, _ command: Command, on machine: Machine, in world: World) {
        guard let (value, isQuiet) = next, command == .find(value.target) else { return }
        searches[machine.index] = Search(id: id, value: value, isQuiet: isQuiet, startedAt: world.now)
        next = nil
    }

    func isSearching(_ machine: Machine) -> Bool { searches[machine.index] != nil }

    /// The searches that are over, each given out once.
    func takeFinished() -> [Search] {
        defer { finished = [] }
        return finished
    }

    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World) {
        guard !searches.isEmpty, var search = searches[machine.index], bytes[Packet.prefix.count] == 5,
            let packet = try? Packet(decoding: bytes), case .findRequest(let request) = packet.message,
            request.target == search.value.target
        else { return }
        search.asked[request.id.number] = destination
        if search.hops[destination] == nil { search.hops[destination] = 1 }
        searches[machine.index] = search
    }

    func received(_ bytes: [UInt8], from source: Address, on machine: Machine, in world: World) {
        guard !searches.isEmpty, var search = searches[machine.index], bytes[Packet.prefix.count] == 6,
            let packet = try? Packet(decoding: bytes), case .findResponse(let response) = packet.message,
            search.asked[response.id.number] == source, let hops = search.hops[source]
        else { return }
        for node in response.nodes where search.hops[node.address] == nil { search.hops[node.address] = hops + 1 }
        if search.hopsToValue == nil, response.values.contains(search.value.entry.bytes) {
            search.hopsToValue = hops
            search.timeToValue = world.now - search.startedAt
        }
        searches[machine.index] = search
    }

    func completed(_ id: CommandID, _ outcome: CommandOutcome, on machine: Machine, in world: World) {
        guard var search = searches[machine.index], search.id == id, case .found(let found) = outcome else { return }
        searches[machine.index] = nil
        search.timeToEnd = world.now - search.startedAt
        search.wasFound = found.entries.contains(search.value.entry)
        finished.append(search)
    }

    /// Who loses its power does not finish its search; that says nothing about the overlay.
    func killed(_ machine: Machine, in world: World) { searches[machine.index] = nil }
}

/// Counts what is sent, by kind of message.
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
