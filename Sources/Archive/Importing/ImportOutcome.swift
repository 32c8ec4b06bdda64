/// The outcome of one item of an import.
package enum ImportOutcome: Hashable, Sendable {
    /// It was not there and now is.
    case taken
    /// It is there already, the same or later in its life.
    case held
    /// A later version is held, or was.
    case superseded
    /// Something else stands in its place and stays: the same version with other data, or another course of versions.
    case conflicting
    /// It was not asked for.
    case leftOut
    /// It is not taken.
    case refused(ImportRefusal)

    /// Whether what was asked for is held, in this version or a later one.
    var isAccepted: Bool {
        switch self {
        case .taken, .held, .superseded, .leftOut: true
        case .conflicting, .refused: false
        }
    }
}

/// Why an item of a dump is refused.
package enum ImportRefusal: String, Hashable, Sendable, CaseIterable {
    /// It contradicts itself.
    case malformed
    /// A signature in it is wrong.
    case signature
    /// The operator has blocked it here.
    case blocked
    /// Its target holds as many served values of its class as it may.
    case targetQuota = "target_quota"
    /// Its part of the archive is full. An import displaces nothing.
    case budget
    /// The archive's own record of it is damaged.
    case damagedHere = "damaged_here"
    /// It is a publication that stands, and its value is not held.
    case noValue = "no_value"
    /// There are as many pins, or blocks, as there may be.
    case tooMany = "too_many"
    /// The archive, or its disk, is full: the import stops here.
    case full
}

/// Whether an import takes over the decisions of the other archive's operator.
package enum ImportMode: UInt8, Hashable, Sendable {
    /// The archive moves here: pins, publications and blocks are taken over, and what was published there was published
    /// here.
    case everything = 1
    /// Somebody else's archive: only what signatures prove is believed. Pins, publications, blocks and floors are left
    /// out, and all values came from a stranger.
    case valuesOnly = 2
}

/// Items with checked signatures, ready to be imported.
package struct VettedItems: Sendable {
    let items: [(item: DumpItem, content: DumpContent?, refusal: ImportRefusal?)]
    /// The place of the first one among the leaves of its dump.
    let start: Int

    /// How many there are.
    package var count: Int { items.count }

    /// The first item that cannot be imported, and why.
    package var firstRefusal: (DumpItem, ImportRefusal)? {
        items.lazy.compactMap { item, _, refusal in refusal.map { (item, $0) } }.first
    }
}
