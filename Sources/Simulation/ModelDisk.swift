internal import DHTCore
public import IPv8
internal import Kademlia

/// The least that an archive does, in memory: entries with expiry, the higher version in place of the lower.
public struct ModelDisk {
    /// What is held: for each target the entries by identity.
    public private(set) var entries: [Target: [EntryID: Held]] = [:]
    var tokenSecrets: [TokenSecret] = []
    var contacts: [Contact] = []

    /// An entry that is held.
    public struct Held {
        /// The entry.
        public let entry: Entry
        /// Until when it is served.
        public let expiresAt: Instant
        let order: Int
    }

    private var order = 0

    mutating func commit(_ intent: StoreIntent) {
        for entry in intent.entries {
            let known = entries[intent.target]?[entry.id]
            if let old = known?.entry.signature?.version, let new = entry.signature?.version, new < old { continue }
            order += 1
            let expiresAt = max(intent.expiresAt, known?.expiresAt ?? .distantPast)
            entries[intent.target, default: [:]][entry.id] = Held(entry: entry, expiresAt: expiresAt, order: order)
        }
    }

    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        let served = (entries[target] ?? [:]).values.filter { $0.expiresAt > now }.sorted { $0.order > $1.order }
        return served.dropFirst(offset).prefix(limit).map(\.entry.bytes)
    }
}
