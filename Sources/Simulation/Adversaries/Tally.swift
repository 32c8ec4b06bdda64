internal import DHTCore
internal import IPv8

/// Counts the traffic of the honest nodes of a ``Siege`` and of the adversary.
final class Tally: Observer {
    /// The first machines of the world are honest.
    let honestCount: Int
    /// Hosts that take no part.
    var bystanders: Set<IPAddress> = []
    /// Traffic from honest nodes to bystanders.
    private(set) var toBystanders = Traffic()
    /// Traffic from the adversary.
    private(set) var fromAdversary = Traffic()
    /// Datagrams from honest nodes to impossible addresses, or to loopback and private addresses of other networks.
    private(set) var toNowhere = 0
    /// Datagrams from honest nodes to each watched address, by message id.
    private(set) var answers: [Address: [UInt8: Int]] = [:]
    /// The addresses whose answers are counted.
    var watched: Set<Address> = []
    /// Called for each value that an honest node serves.
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

    /// How many messages of these kinds went to an address.
    func answers(to address: Address, _ kinds: UInt8...) -> Int {
        kinds.reduce(0) { $0 + (answers[address]?[$1] ?? 0) }
    }
}

/// The size of a node's largest table, by reflection: the elements of its dictionaries, sets and arrays.
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
