internal import DHTCore

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
