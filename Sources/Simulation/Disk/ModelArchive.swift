package import DHTCore
package import IPv8
package import Kademlia

/// A model of the archive where there is room for everything: which value replaces which, what is served and what is due,
/// without a disk.
package final class ModelArchive: Storage {
    /// How values are served and stored again.
    let timing: StorageTiming
    /// What this model does wrong, for those who are to notice it.
    let sabotage: Set<Sabotage>

    var holdings: [Target: [Holding]] = [:]
    /// The versions of values that are gone, which nothing lower may follow.
    private var floors: [Target: [EntryID: Version]] = [:]
    private(set) var pins: Set<Target> = []
    private(set) var reports: [Target: Attempt] = [:]
    private var arrivals: UInt64 = 0
    private var beforeLastCommit: [Target: [Holding]]?

    package private(set) var tokenSecrets: [TokenSecret] = []
    package var contacts: [Contact] = []
    package var jobs: [JobReport] = []

    /// How many values of one target are kept that are signed, and that are not.
    private static let signedPerTargetMax = 256
    private static let unsignedPerTargetMax = 64

    /// A value that is held.
    struct Holding {
        var entry: Entry
        let id: EntryID
        var expiresAt: Instant
        var firstSeen: Instant
        var lastStored: Instant
        var arrival: UInt64
        /// The network that brought it; `nil` where it was published here.
        var network: NetworkPrefix?
        /// Whether it was published here, even if it was withdrawn later.
        var isOurs: Bool
        var isWithdrawn = false
        /// Whether it has left the serving window.
        var isRetained = false

        /// Whether it was published here and is stood by.
        var isPublished: Bool { isOurs && !isWithdrawn }
    }

    /// How storing again went the last time, and when it was last looked for.
    struct Attempt {
        let at: Instant
        let retryAt: Instant?
        let soughtAt: Instant?
    }

    /// An archive with nothing in it.
    package init(timing: StorageTiming = StorageTiming(), sabotage: Set<Sabotage> = []) {
        self.timing = timing
        self.sabotage = sabotage
    }

    /// Takes changes in; a model never fails.
    package func commit(_ changes: [StorageChange], at now: Instant) -> [CommitOutcome]? {
        if sabotage.contains(.forgetsSyncs) { beforeLastCommit = holdings }
        return changes.map { change in
            switch change {
            case .store(let intent): return store(intent, at: now)
            case .refresh(let intent): refresh(intent, at: now)
            case .tokenSecrets(let secrets): tokenSecrets = secrets
            case .pin(let target): pins.insert(target)
            case .withdraw(let target, let entry): withdraw(entry, under: target)
            }
            return .held
        }
    }

    // MARK: Storing

    private func store(_ intent: StoreIntent, at now: Instant) -> CommitOutcome {
        var outcome = CommitOutcome.held
        for entry in intent.entries {
            switch keep(entry, of: intent, at: now) {
            case .held: continue
            case .superseded: if outcome == .held { outcome = .superseded }
            case .refused, .failed: outcome = .refused
            }
        }
        return outcome
    }

    private func keep(_ entry: Entry, of intent: StoreIntent, at now: Instant) -> CommitOutcome {
        let id = entry.id
        let version = entry.signature?.version ?? Version(0)
        guard let place = holdings[intent.target]?.firstIndex(where: { $0.id == id }) else {
            if let floor = floors[intent.target]?[id], version < floor, !sabotage.contains(.forgetsVersions) {
                return .superseded
            }
            return insert(entry, id, of: intent, at: now)
        }
        guard let held = holdings[intent.target]?[place] else { return .refused }
        let heldVersion = held.entry.signature?.version ?? Version(0)
        if version < heldVersion, !sabotage.contains(.forgetsVersions) { return .superseded }
        if version == heldVersion, entry.data == held.entry.data {
            refresh(place, of: intent, at: now)
            return .held
        }
        if version == heldVersion, !isFromItsSigner(entry, intent) { return .superseded }
        holdings[intent.target]?[place] = holding(entry, id, of: intent, at: now)
        return .held
    }

    private func isFromItsSigner(_ entry: Entry, _ intent: StoreIntent) -> Bool {
        switch intent.origin {
        case .published: true
        case .stored(let mid, _): entry.signature?.signer.mid == mid
        }
    }

    private func insert(_ entry: Entry, _ id: EntryID, of intent: StoreIntent, at now: Instant) -> CommitOutcome {
        guard makePlace(for: entry, of: intent, at: now) else { return .refused }
        floors[intent.target]?[id] = nil
        holdings[intent.target, default: []].append(holding(entry, id, of: intent, at: now))
        return .held
    }

    private func holding(_ entry: Entry, _ id: EntryID, of intent: StoreIntent, at now: Instant) -> Holding {
        arrivals += 1
        return Holding(
            entry: entry, id: id, expiresAt: intent.expiresAt, firstSeen: now, lastStored: now, arrival: arrivals,
            network: intent.origin.network, isOurs: intent.origin == .published)
    }

    /// Where a key is full, what expired first makes room, else the network that has most of the places, if the
    /// newcomer's has fewer.
    private func makePlace(for entry: Entry, of intent: StoreIntent, at now: Instant) -> Bool {
        let isSigned = entry.signature != nil
        let held = holdings[intent.target] ?? []
        let places = held.indices.filter { (held[$0].entry.signature != nil) == isSigned && !held[$0].isRetained }
        guard places.count >= (isSigned ? ModelArchive.signedPerTargetMax : ModelArchive.unsignedPerTargetMax) else {
            return true
        }
        let expired = places.filter { !held[$0].isPublished && held[$0].expiresAt <= now }
            .min { held[$0].expiresAt < held[$1].expiresAt }
        if let expired {
            holdings[intent.target]?[expired].isRetained = true
            return true
        }
        guard !pins.contains(intent.target) else { return false }
        let byNetwork = Dictionary(grouping: places.filter { held[$0].network != nil }) { held[$0].network }
        let own = byNetwork[intent.origin.network]?.count ?? 0
        let most = byNetwork.values.max { ($0.count, $1[0]) < ($1.count, $0[0]) }
        guard let most, most.count > own + 1,
            let oldest = most.filter({ held[$0].lastStored != now })
                .min(by: { held[$0].firstSeen < held[$1].firstSeen })
        else { return false }
        let given = held[oldest]
        if let version = given.entry.signature?.version { floors[intent.target, default: [:]][given.id] = version }
        holdings[intent.target]?.remove(at: oldest)
        return true
    }

    private func refresh(_ place: Int, of intent: StoreIntent, at now: Instant) {
        guard var held = holdings[intent.target]?[place] else { return }
        let expiresAt = max(held.expiresAt, intent.expiresAt)
        let becomesOurs = intent.origin == .published && !held.isPublished
        let comesBack = held.expiresAt <= now && expiresAt > now
        guard
            becomesOurs || comesBack || held.isRetained
                || expiresAt - held.expiresAt >= timing.refreshWorthWriting
        else { return }
        held.expiresAt = expiresAt
        held.lastStored = now
        held.isRetained = false
        if becomesOurs { (held.isOurs, held.isWithdrawn) = (true, false) }
        holdings[intent.target]?[place] = held
    }

    private func refresh(_ intent: RefreshIntent, at now: Instant) {
        for refreshed in intent.values {
            let id = refreshed.entry.id
            guard let place = holdings[intent.target]?.firstIndex(where: { $0.id == id && $0.entry == refreshed.entry })
            else { continue }
            guard var held = holdings[intent.target]?[place] else { continue }
            held.lastStored = now
            held.isRetained = false
            held.expiresAt = max(held.expiresAt, refreshed.servedUntil)
            holdings[intent.target]?[place] = held
        }
    }

    private func withdraw(_ entry: Entry, under target: Target) {
        let id = entry.id
        guard let place = holdings[target]?.firstIndex(where: { $0.id == id && $0.isOurs }) else { return }
        holdings[target]?[place].isWithdrawn = true
    }

    /// Has what expired an hour ago leave the serving window, and lets go of what has been kept for long enough; published
    /// and pinned values stay, and versions are remembered.
    package func sweep(at now: Instant) {
        for (target, held) in holdings {
            let isPinned = pins.contains(target)
            let isOver = { [timing] (holding: Holding) in
                !isPinned && !holding.isPublished && holding.expiresAt + timing.retainedFor <= now
                    && (holding.isRetained || holding.expiresAt + timing.graceAfterExpiry <= now)
            }
            for holding in held where isOver(holding) {
                guard let version = holding.entry.signature?.version else { continue }
                floors[target, default: [:]][holding.id] = version
            }
            var left = held.filter { !isOver($0) }
            for place in left.indices {
                left[place].isRetained =
                    left[place].isRetained
                    ? left[place].expiresAt <= now : left[place].expiresAt + timing.graceAfterExpiry <= now
            }
            holdings[target] = left.isEmpty ? nil : left
        }
    }

    // MARK: Asking

    /// What the overlay is served: owner's values, other signed ones, unsigned ones, each newest version first.
    package func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        guard let held = holdings[target] else { return [] }
        let served = held.filter { !$0.isRetained && $0.expiresAt > now || sabotage.contains(.servesExpired) }
        let sorted =
            served.count < 2
            ? served : served.sorted { ServingRank($0, under: target) < ServingRank($1, under: target) }
        return sorted.dropFirst(offset).prefix(limit).map { bytesToServe($0.entry) }
    }

    private func bytesToServe(_ entry: Entry) -> [UInt8] {
        guard sabotage.contains(.altersValues), entry.data.count > 0 else { return entry.bytes }
        var bytes = entry.bytes
        bytes[entry.signature == nil ? 1 : 3] ^= 1
        return bytes
    }

    package func held(under target: Target) -> [HeldEntry] {
        holdings[target]?.map { HeldEntry(entry: $0.entry, expiresAt: $0.expiresAt) } ?? []
    }

    package func note(_ report: RepublishReport, at now: Instant) {
        // A search is remembered until the next one.
        reports[report.target] = Attempt(
            at: now, retryAt: report.retryAt, soughtAt: report.sought == nil ? reports[report.target]?.soughtAt : now)
    }

    package func powerLost() {
        if let beforeLastCommit { holdings = beforeLastCommit }
    }
}

/// Where a value stands among the others of its target.
private struct ServingRank: Comparable {
    private let kind: Int
    private let rank: Int64
    private let bits: Bits160

    init(_ holding: ModelArchive.Holding, under target: Target) {
        bits = holding.id.bits
        if let signature = holding.entry.signature {
            kind = signature.signer.mid.bits == target.bits ? 0 : 1
            rank = -Int64(signature.version.number)
        } else {
            kind = 2
            rank = -holding.firstSeen.nanoseconds
        }
    }

    static func < (left: ServingRank, right: ServingRank) -> Bool {
        (left.kind, left.rank, left.bits) < (right.kind, right.rank, right.bits)
    }
}

extension StoreIntent.Origin {
    /// The network that a value comes from; `nil` where it is published here.
    fileprivate var network: NetworkPrefix? {
        switch self {
        case .published: nil
        case .stored(_, let address): NetworkPrefix(address.host, limitingLocal: true)
        }
    }
}
