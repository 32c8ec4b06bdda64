public import IPv8

/// A key whose values are due to be republished.
public struct DueKey: Hashable, Sendable {
    public let target: Target
    /// When the first of its values will be lost, as far as is known.
    public let deadline: Instant
    /// Whether to look the key up before storing it.
    public let isPinned: Bool

    public init(target: Target, deadline: Instant, isPinned: Bool) {
        self.target = target
        self.deadline = deadline
        self.isPinned = isPinned
    }
}

/// A part of the key space, about as large as a neighbourhood, and the due keys in it. One lookup finds the nodes for
/// many of its keys.
public struct Arc: Hashable, Sendable {
    /// The due keys, in order and without duplicates.
    public let keys: [DueKey]
    /// The earliest deadline.
    public let deadline: Instant

    /// An arc of keys that are in order and without duplicates.
    public init(_ keys: [DueKey]) {
        self.keys = keys
        deadline = keys.lazy.map(\.deadline).min() ?? .distantPast
    }
}

/// The arcs with due keys, earliest deadline first.
///
/// Within an arc, keys go in key order, so that neighbours are republished together; between arcs, the earliest
/// deadline goes first.
public struct ArcQueue: Sendable {
    private var arcs: [Arc]

    /// An empty queue.
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
        // The queue takes arcs from the end.
        self.arcs = arcs.sorted { ($0.deadline, $0.keys[0].target.bits) > ($1.deadline, $1.keys[0].target.bits) }
    }

    /// The most bits that keys are grouped by: neighbourhoods of an overlay of half a million nodes.
    public static let depthMax = 16

    public var isEmpty: Bool { arcs.isEmpty }

    public var count: Int { arcs.count }

    public var keyCount: Int { arcs.reduce(0) { $0 + $1.keys.count } }

    /// Removes and returns the arc with the earliest deadline; `nil` if none is left.
    public mutating func takeNext() -> Arc? { arcs.popLast() }
}
