package import DHTCore
package import IPv8
package import Kademlia
package import Maintenance

/// A model of the archive, without a disk and with room for everything except too many values of one key: which value
/// replaces which, which one makes room, what is served and what is due.
package final class ModelArchive: Storage {
    let timing: StorageTiming
    /// Faults of this model, for the checkers to notice.
    let sabotage: Set<Sabotage>
    private let limits: Limits

    var holdings: [Target: [Holding]] = [:]
    /// The versions of removed values; lower ones are refused.
    private var floors: [Target: [EntryID: Version]] = [:]
    private(set) var pins: Set<Target> = []
    private(set) var reports: [Target: Attempt] = [:]
    private var beforeLastCommit: [Target: [Holding]]?

    package private(set) var tokenSecrets: [TokenSecret] = []
    package var contacts: [Contact] = []
    package var jobs: [JobReport] = []

    /// A stored value.
    struct Holding {
        var entry: Entry
        let id: EntryID
        let kind: Kind
        var expiresAt: Instant
        var firstSeen: Instant
        var lastStored: Instant
        var holder: Holder
        var place: Place

        /// Whether it was published here and not withdrawn.
        var isPublished: Bool { holder == .theOperator }
    }

    /// The table of a value.
    enum Place {
        /// In the serving window.
        case served
        case retained
    }

    /// The last result of republishing, and the time of the last lookup.
    struct Attempt {
        let at: Instant
        let retryAt: Instant?
        let soughtAt: Instant?
    }

    package init(timing: StorageTiming = StorageTiming(), limits: Limits = Limits(), sabotage: Set<Sabotage> = []) {
        self.timing = timing
        self.limits = limits
        self.sabotage = sabotage
    }

    /// Applies changes; a model never fails.
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

    private func store(_ intent: StoreChange, at now: Instant) -> CommitOutcome {
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

    private func keep(_ entry: Entry, of intent: StoreChange, at now: Instant) -> CommitOutcome {
        let id = entry.id
        let version = entry.signature?.version ?? Version(0)
        guard let index = index(of: id, under: intent.target), let held = holdings[intent.target]?[index] else {
            if let floor = floors[intent.target]?[id], version < floor, !sabotage.contains(.forgetsVersions) {
                return .superseded
            }
            return put(entry, id, of: intent, at: now)
        }
        let heldVersion = held.entry.signature?.version ?? Version(0)
        if version < heldVersion, !sabotage.contains(.forgetsVersions) { return .superseded }
        if version == heldVersion, entry.data == held.entry.data {
            switch held.place {
            case .served:
                holdings[intent.target]?[index] = refreshed(held, by: intent, at: now)
                return .held
            case .retained:
                var back = held
                back.expiresAt = max(held.expiresAt, intent.expiresAt)
                back.lastStored = now
                if intent.provenance == .publishedHere { back.holder = .theOperator }
                return serve(back, for: Holder(intent.provenance), under: intent.target, at: now) ? .held : .refused
            }
        }
        if version == heldVersion, !isFromItsSigner(entry, intent) { return .superseded }
        return put(entry, id, of: intent, at: now)
    }

    private func index(of id: EntryID, under target: Target) -> Int? {
        holdings[target]?.firstIndex { $0.id == id }
    }

    private func isFromItsSigner(_ entry: Entry, _ intent: StoreChange) -> Bool {
        switch intent.provenance {
        case .publishedHere: true
        case .received(let mid, _): entry.signature?.signer.mid == mid
        }
    }

    /// Stores a new value, or one that replaces another.
    private func put(_ entry: Entry, _ id: EntryID, of intent: StoreChange, at now: Instant) -> CommitOutcome {
        let new = Holding(
            entry: entry, id: id, kind: Kind(entry, id, under: intent.target), expiresAt: intent.expiresAt,
            firstSeen: now, lastStored: now, holder: Holder(intent.provenance), place: .served)
        return serve(new, for: new.holder, under: intent.target, at: now) ? .held : .refused
    }

    /// Adds a value to the serving window, replacing the one with its id; a new value needs a place.
    private func serve(_ value: Holding, for newcomer: Holder, under target: Target, at now: Instant) -> Bool {
        if let known = index(of: value.id, under: target), holdings[target]?[known].place == .served {
            holdings[target]?[known] = value
            return true
        }
        guard makePlace(for: newcomer, of: value.kind, under: target, at: now) else { return false }
        floors[target]?[value.id] = nil
        var served = value
        served.place = .served
        // The other values may have moved up.
        if let known = index(of: value.id, under: target) {
            holdings[target]?[known] = served
        } else {
            holdings[target, default: []].append(served)
        }
        return true
    }

    private func makePlace(for newcomer: Holder, of kind: Kind, under target: Target, at now: Instant) -> Bool {
        let held = holdings[target] ?? []
        let vacancy = ModelArchive.vacancy(
            for: newcomer, of: kind, among: held, arePinned: pins.contains(target), limits: limits, at: now)
        switch vacancy {
        case .free: return true
        case .retires(let index):
            if isOver(held[index], under: target, at: now) {
                letGo(index, under: target)
            } else {
                holdings[target]?[index].place = .retained
            }
            return true
        case .givenUp(let index):
            letGo(index, under: target)
            return true
        case .none: return false
        }
    }

    /// Removes a value and notes its version.
    private func letGo(_ index: Int, under target: Target) {
        guard let held = holdings[target]?.remove(at: index) else { return }
        if let version = held.entry.signature?.version { floors[target, default: [:]][held.id] = version }
        if holdings[target]?.isEmpty == true { holdings[target] = nil }
    }

    /// Whether a value is past its retention.
    private func isOver(_ held: Holding, under target: Target, at now: Instant) -> Bool {
        !held.isPublished && held.expiresAt + timing.retainedFor <= now && !pins.contains(target)
    }

    /// A served value after another store.
    private func refreshed(_ held: Holding, by intent: StoreChange, at now: Instant) -> Holding {
        let expiresAt = max(held.expiresAt, intent.expiresAt)
        let becomesOurs = intent.provenance == .publishedHere && !held.isPublished
        let comesBack = held.expiresAt <= now && expiresAt > now
        guard becomesOurs || comesBack || expiresAt - held.expiresAt >= timing.refreshWorthWriting else {
            return held
        }
        var refreshed = held
        refreshed.expiresAt = expiresAt
        refreshed.lastStored = now
        if becomesOurs { refreshed.holder = .theOperator }
        return refreshed
    }

    private func refresh(_ intent: RefreshChange, at now: Instant) {
        for stored in intent.values {
            guard let index = index(of: stored.entry.id, under: intent.target),
                var held = holdings[intent.target]?[index], held.entry == stored.entry
            else { continue }
            held.lastStored = now
            held.expiresAt = max(held.expiresAt, stored.servedUntil)
            _ = serve(held, for: held.holder, under: intent.target, at: now)
        }
    }

    private func withdraw(_ entry: Entry, under target: Target) {
        guard let index = index(of: entry.id, under: target), holdings[target]?[index].isPublished == true else {
            return
        }
        holdings[target]?[index].holder = .withdrawn
    }

    /// Moves values that expired an hour ago out of the serving window, removes values past their retention, and moves
    /// values back that had only left because the clock was wrong. Published and pinned values stay; the versions of
    /// removed values are noted.
    package func sweep(at now: Instant) {
        for (target, held) in holdings {
            for holding in held where holding.place == .served {
                guard holding.expiresAt + timing.graceAfterExpiry <= now,
                    let index = index(of: holding.id, under: target)
                else { continue }
                if isOver(holding, under: target, at: now) {
                    letGo(index, under: target)
                } else {
                    holdings[target]?[index].place = .retained
                }
            }
            let retained = held.filter { $0.place == .retained }
                .sorted { ($0.kind, $0.id.bits) < ($1.kind, $1.id.bits) }
            for holding in retained {
                if holding.expiresAt > now {
                    _ = serve(holding, for: holding.holder, under: target, at: now)
                } else if isOver(holding, under: target, at: now), let index = index(of: holding.id, under: target) {
                    letGo(index, under: target)
                }
            }
        }
    }

    // MARK: Asking

    /// The served values: the owner's, then other signed ones, then unsigned ones, each with the newest version first.
    package func page(of target: Target, offset: Int, limit: Int, at now: Instant) -> [[UInt8]] {
        guard let held = holdings[target] else { return [] }
        let served = held.filter { $0.place == .served && $0.expiresAt > now || sabotage.contains(.servesExpired) }
        let sorted =
            served.count < 2
            ? served : served.sorted { ServingRank($0) < ServingRank($1) }
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

    package func note(_ report: RepublishResult, at now: Instant) {
        // The result of a lookup counts until the next one.
        reports[report.target] = Attempt(
            at: now, retryAt: report.retryAt, soughtAt: report.sought == nil ? reports[report.target]?.soughtAt : now)
    }

    package func powerLost() {
        if let beforeLastCommit { holdings = beforeLastCommit }
    }
}

/// A value's place among the others of its target.
private struct ServingRank: Comparable {
    private let kind: ModelArchive.Kind
    private let rank: Int64
    private let bits: Bits160

    init(_ holding: ModelArchive.Holding) {
        bits = holding.id.bits
        kind = holding.kind
        rank = -(holding.entry.signature.map { Int64($0.version.number) } ?? holding.firstSeen.nanoseconds)
    }

    static func < (left: ServingRank, right: ServingRank) -> Bool {
        (left.kind, left.rank, left.bits) < (right.kind, right.rank, right.bits)
    }
}
