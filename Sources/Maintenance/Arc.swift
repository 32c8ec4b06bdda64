public import IPv8

/// A key whose values are to be stored again.
public struct DueKey: Hashable, Sendable {
    public let target: Target
    /// When the first of its values is lost, as far as is known.
    public let deadline: Instant
    /// Whether it is to be looked for before it is stored.
    public let isPinned: Bool

    public init(target: Target, deadline: Instant, isPinned: Bool) {
        self.target = target
        self.deadline = deadline
        self.isPinned = isPinned
    }
}

/// A part of the key space, about as large as a neighbourhood, and what is due in it. One lookup finds the nodes for many
/// keys of it.
public struct Arc: Hashable, Sendable {
    /// What is due, in key order, none twice.
    public let keys: [DueKey]
    /// When the first value of all is lost.
    public let deadline: Instant

    /// An arc of keys that are in key order, none twice.
    public init(_ keys: [DueKey]) {
        self.keys = keys
        deadline = keys.lazy.map(\.deadline).min() ?? .distantPast
    }
}

/// The arcs that have something due in them, soonest to be lost first.
///
/// Within an arc the order is that of the keys, so that neighbours are dealt with together; between arcs it is that of
/// deadlines, so that what is lost next is saved next.
public struct ArcQueue: Sendable {
    private var arcs: [Arc]

    /// A queue with nothing in it.
    public init() { arcs = [] }

    /// Sorts keys into arcs.
    ///
    /// - Parameter depth: how many leading bits the keys of an arc share.
    public init(_ keys: [DueKey], depth: Int) {
        let depth = min(max(0, depth), ArcQueue.depthMax)
        var arcs: [Arc] = []
        var current: [DueKey] = []
        for key in keys.sorted(by: { $0.target.bits < $1.target.bits }) {
            if let last = current.last {
                if last.target == key.target { continue }
                if (last.target.bits ^ key.target.bits).leadingZeroBitCount < depth {
                    arcs.append(Arc(current))
                    current.removeAll(keepingCapacity: true)
                }
            }
            current.append(key)
        }
        if !current.isEmpty { arcs.append(Arc(current)) }
        // Taken from the end.
        self.arcs = arcs.sorted { ($0.deadline, $0.keys[0].target.bits) > ($1.deadline, $1.keys[0].target.bits) }
    }

    /// The most bits that an arc's keys are sorted by: neighbourhoods of an overlay of half a million nodes.
    public static let depthMax = 16

    /// Whether nothing is left.
    public var isEmpty: Bool { arcs.isEmpty }

    /// How many arcs are left.
    public var count: Int { arcs.count }

    /// How many keys are left.
    public var keyCount: Int { arcs.reduce(0) { $0 + $1.keys.count } }

    /// Takes out the arc whose first value is lost soonest; `nil` where none is left.
    public mutating func takeNext() -> Arc? { arcs.popLast() }
}
