internal import DHTCore
public import IPv8
internal import Kademlia
internal import Maintenance

/// The least that an archive does, in memory: entries with expiry, the higher version in place of the lower.
public struct ModelDisk {
    /// What is held: for each target the entries by identity.
    public private(set) var entries: [Target: [EntryID: Held]] = [:]
    var tokenSecrets: [TokenSecret] = []
    var contacts: [Contact] = []
    var jobs: [JobReport] = []
    /// What is pinned.
    public var pins: Set<Target> = []
    private var reports: [Target: (report: RepublishReport, at: Instant)] = [:]

    /// How long after it was last stored a value is due, and until how long after its origin that of somebody else.
    static let republishInterval: Duration = .seconds(2700)
    static let lifetime: Duration = .seconds(3600)

    /// An entry that is held.
    public struct Held {
        /// The entry.
        public let entry: Entry
        /// Until when it is served.
        public internal(set) var expiresAt: Instant
        let order: Int
        let firstSeen: Instant
        var lastStored: Instant
        let isPublishedHere: Bool

        var origin: Instant {
            guard let version = entry.signature?.version else { return firstSeen }
            return min(Instant(seconds: Int64(version.number)), firstSeen)
        }
    }

    private var order = 0

    mutating func commit(_ intent: StoreIntent, at now: Instant) {
        for entry in intent.entries {
            let known = entries[intent.target]?[entry.id]
            if let old = known?.entry.signature?.version, let new = entry.signature?.version, new < old { continue }
            order += 1
            let expiresAt = max(intent.expiresAt, known?.expiresAt ?? .distantPast)
            let isSame = known?.entry.signature?.version == entry.signature?.version
            entries[intent.target, default: [:]][entry.id] = Held(
                entry: entry, expiresAt: expiresAt, order: order,
                firstSeen: isSame ? known?.firstSeen ?? now : now, lastStored: now,
                isPublishedHere: intent.origin == .published || isSame && known?.isPublishedHere == true)
        }
    }

    func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        let served = (entries[target] ?? [:]).values.filter { $0.expiresAt > now }.sorted { $0.order > $1.order }
        return served.dropFirst(offset).prefix(limit).map(\.entry.bytes)
    }

    // MARK: Storing again

    func dueKeys(at now: Instant, limit: Int) -> DueKeys {
        var due = DueKeys(keys: [], total: 0, kept: 0, nextDue: nil)
        for (target, held) in entries {
            let moments = held.values.compactMap { dueTime(of: $0, under: target) }
            guard var moment = moments.min() else { continue }
            if let retryAt = reports[target]?.report.retryAt { moment = max(moment, retryAt) }
            due.kept += 1
            if moment <= now {
                let deadline = held.values.map(\.expiresAt).min() ?? now
                due.keys.append(DueKey(target: target, deadline: deadline, isPinned: pins.contains(target)))
            } else {
                due.nextDue = min(due.nextDue ?? moment, moment)
            }
        }
        due.total = due.keys.count
        due.keys.sort { ($0.deadline, $0.target.bits) < ($1.deadline, $1.target.bits) }
        due.keys = Array(due.keys.prefix(limit))
        return due
    }

    private func dueTime(of held: Held, under target: Target) -> Instant? {
        let due = held.lastStored + ModelDisk.republishInterval
        if pins.contains(target) || held.isPublishedHere { return due }
        return due <= held.origin + ModelDisk.lifetime ? due : nil
    }

    func republishable(_ targets: [Target], at now: Instant) -> [RepublishableTarget] {
        targets.map { target in
            let values = (entries[target] ?? [:]).values.filter { dueTime(of: $0, under: target).map { $0 <= now } ?? false }
                .sorted { $0.order < $1.order }
                .map { held in
                    let isKept = pins.contains(target) || held.isPublishedHere
                    return RepublishableValue(
                        entry: held.entry, servedUntil: isKept ? nil : held.origin + ModelDisk.lifetime + Duration.seconds(3600))
                }
            return RepublishableTarget(target: target, values: values)
        }
    }

    mutating func refresh(_ intent: RefreshIntent, at now: Instant) {
        for refreshed in intent.values {
            guard var held = entries[intent.target]?[refreshed.entry.id], held.entry == refreshed.entry else { continue }
            held.lastStored = now
            held.expiresAt = max(held.expiresAt, refreshed.servedUntil)
            entries[intent.target]?[refreshed.entry.id] = held
        }
    }

    mutating func note(_ report: RepublishReport, at now: Instant) { reports[report.target] = (report, now) }
}
