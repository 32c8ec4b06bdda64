/// What has become of the items of a dump.
package struct ImportTally: Sendable {
    /// Items in the dump, and how many of them an earlier import had done.
    package let items: Int
    package var resumedAt = 0
    package private(set) var taken = 0
    package private(set) var held = 0
    package private(set) var superseded = 0
    package private(set) var conflicting = 0
    package private(set) var leftOut = 0
    /// Records of blocked keys and signers that were erased at the end.
    package var erased = 0
    /// By reason.
    package private(set) var refused: [String: Int] = [:]
    /// The first thousand that were refused or conflict.
    package private(set) var refusals: [RefusedItem] = []

    package struct RefusedItem: Codable, Hashable, Sendable {
        package var kind, key, id, reason: String
        package var version: UInt32?

        private enum CodingKeys: CodingKey {
            case kind, key, id, reason, version
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kind, forKey: .kind)
            try container.encode(key, forKey: .key)
            try container.encode(id, forKey: .id)
            try container.encode(reason, forKey: .reason)
            try container.encode(version, forKey: .version)
        }
    }

    private static let refusalsMax = 1000

    init(items: Int) { self.items = items }

    /// Items that something has become of in this run.
    package var done: Int { taken + held + superseded + conflicting + leftOut + refusedCount }
    package var refusedCount: Int { refused.values.reduce(0, +) }
    /// Whether the archive had no room for all of it.
    package var isFull: Bool { refused[ImportRefusal.full.rawValue] != nil }
    /// Whether the archive now has everything in this version or a later one.
    package var isComplete: Bool { refused.isEmpty && conflicting == 0 }

    mutating func add(_ outcome: ImportOutcome, _ item: DumpItem) {
        switch outcome {
        case .taken: taken += 1
        case .held: held += 1
        case .superseded: superseded += 1
        case .leftOut: leftOut += 1
        case .conflicting:
            conflicting += 1
            note("conflict", item)
        case .refused(let refusal):
            refused[refusal.rawValue, default: 0] += 1
            if refusal != .full { note(refusal.rawValue, item) }
        }
    }

    private mutating func note(_ reason: String, _ item: DumpItem) {
        guard refusals.count < ImportTally.refusalsMax else { return }
        let words = ItemWords(item)
        refusals.append(
            RefusedItem(kind: item.kind.name, key: words.key, id: words.id, reason: reason, version: words.version))
    }
}
