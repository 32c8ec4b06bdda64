internal import DHTCore
internal import IPv8

/// Counts what the honest nodes of a ``Siege`` send, and what the adversary does.
final class Tally: Observer {
    /// How many of the world's first machines are honest.
    let honestCount: Int
    /// Hosts that have no part in any of it.
    var bystanders: Set<IPAddress> = []
    /// What honest nodes sent to bystanders.
    private(set) var toBystanders = Traffic()
    /// What the adversary sent.
    private(set) var fromAdversary = Traffic()
    /// What honest nodes sent to addresses that no other machine can have, or that are of another network than theirs.
    private(set) var toNowhere = 0
    /// What honest nodes sent to each address that is watched, by message id.
    private(set) var answers: [Address: [UInt8: Int]] = [:]
    /// The addresses whose answers are counted.
    var watched: Set<Address> = []
    /// What is to be known of values that honest nodes serve.
    var servedValue: ((Entry) -> Void)?

    /// Datagrams and their bytes.
    struct Traffic {
        var datagrams = 0
        var bytes = 0

        mutating func add(_ count: Int) {
            datagrams += 1
            bytes += count
        }
    }

    init(honestCount: Int) { self.honestCount = honestCount }

    func sent(_ bytes: [UInt8], from source: Address, to destination: Address, on machine: Machine, in world: World) {
        guard machine.index < honestCount else { return fromAdversary.add(bytes.count) }
        if bystanders.contains(destination.host) { toBystanders.add(bytes.count) }
        if !destination.isReachable || destination.host.isLoopback { toNowhere += 1 }
        let id = bytes.count > Packet.prefix.count ? bytes[Packet.prefix.count] : 0
        if watched.contains(destination) { answers[destination, default: [:]][id, default: 0] += 1 }
        if let servedValue, id == 6, let packet = try? Packet(decoding: bytes),
            case .findResponse(let response) = packet.message
        {
            for value in response.values { (try? Entry(bytes: value)).map(servedValue) }
        }
    }

    /// How many answers of these kinds went to an address.
    func answers(to address: Address, _ kinds: UInt8...) -> Int {
        kinds.reduce(0) { $0 + (answers[address]?[$1] ?? 0) }
    }
}

/// How much a node remembers, seen from outside: how many elements its dictionaries, sets and arrays have.
struct TableSizes {
    private(set) var largest: (name: String, count: Int) = ("", 0)

    init(of node: Node) { look(at: node, "node", depth: 0) }

    private mutating func look(at value: Any, _ name: String, depth: Int) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .collection, .dictionary, .set:
            let count = mirror.children.count
            if count > largest.count { largest = (name, count) }
        case .struct, .optional:
            guard depth < 4 else { return }
            for child in mirror.children { look(at: child.value, child.label ?? name, depth: depth + 1) }
        default: return
        }
    }
}
