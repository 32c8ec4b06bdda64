internal import Archive
public import IPv8
internal import Maintenance

/// What the operator decides about what is kept.
extension BristleconeNode {
    /// Keeps all values of a key or a signer for good, whatever their age and whoever stored them.
    ///
    /// - Returns: whether it was not pinned before.
    @discardableResult
    public func pin(_ subject: KeepSubject) async throws(NodeError) -> Bool {
        try await commit(.pin(subject.ofArchive))
    }

    /// Keeps them like any others again.
    ///
    /// - Returns: whether it was pinned before.
    @discardableResult
    public func unpin(_ subject: KeepSubject) async throws(NodeError) -> Bool {
        try await commit(.unpin(subject.ofArchive))
    }

    /// All pins, keys before signers.
    public func pins() async throws(NodeError) -> [KeepSubject] {
        try await threads.housekeeper.run { (archive) throws(ArchiveError) in try archive.pins() }
            .map { KeepSubject($0) }
    }

    /// Stops republishing what was published here under a key, and keeps it like anybody's value from now on.
    ///
    /// - Returns: how many values were withdrawn.
    @discardableResult
    public func withdraw(_ key: Target) async throws(NodeError) -> Int {
        let moment = loop.moment
        return try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            let held = try archive.records(of: key) + archive.retainedRecords(of: key)
            let published = held.filter { $0.provenance == .publishedHere && !$0.isWithdrawn }
            let outcomes = try archive.commit(
                published.map { .withdraw(key, $0.entry) }, at: moment.now, clockIsSteady: moment.isSteady)
            for case .refused(let refusal) in outcomes { throw .refused(refusal) }
            return outcomes.count { $0 == .done(changed: true) }
        }
    }

    /// Whether what this node publishes under a key is pinned.
    package func isPinned(_ key: Target) async throws(NodeError) -> Bool {
        let own = folder.identity.publicKey.mid
        return try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.isPinned(key, signer: own)
        }
    }

    /// Erases everything stored under a key or by a signer, for good.
    ///
    /// - Parameters:
    ///   - subject: the key or the signer.
    ///   - block: whether the node refuses its values from now on.
    /// - Returns: how many records were erased.
    @discardableResult
    public func forget(_ subject: KeepSubject, block: Bool = false) async throws(NodeError) -> Int {
        try await forget([subject], block: block)
    }

    private func commit(_ change: ArchiveChange) async throws(NodeError) -> Bool {
        let moment = loop.moment
        return try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            let outcome = try archive.commit([change], at: moment.now, clockIsSteady: moment.isSteady).first
            if case .refused(let refusal)? = outcome { throw .refused(refusal) }
            return outcome == .done(changed: true)
        }
    }

    /// What the archive has counted, and how many bytes each budget holds, under names that begin with `archive.`.
    var archiveCounters: [String: Int] {
        var counters = Dictionary(uniqueKeysWithValues: archive.keepingCounters.map { ("archive.\($0.key)", $0.value) })
        for (budget, bytes) in (try? archive.statistics().bytesByBudget) ?? [:] {
            counters["archive.held_bytes.\(budget.name)"] = bytes
        }
        return counters
    }

    /// Throws if the operator has blocked what is to be published.
    func refuseBlocked(_ key: Target, signer: Mid?) throws(NodeError) {
        let subjects = [ArchiveSubject.key(key)] + (signer.map { [.signer($0)] } ?? [])
        guard (try? archive.isBlocked(anyOf: subjects)) == true else { return }
        throw NodeError(Refusal.blocked)
    }

    /// Accepts values of a key or a signer again that was blocked.
    public func unblock(_ subject: KeepSubject) async throws(NodeError) {
        _ = try await commit(.unblock(subject.ofArchive))
    }
}

extension KeepSubject {
    init(_ subject: ArchiveSubject) {
        switch subject {
        case .key(let target): self = .key(target)
        case .signer(let mid): self = .signer(mid)
        }
    }

    var ofArchive: ArchiveSubject {
        switch self {
        case .key(let target): .key(target)
        case .signer(let mid): .signer(mid)
        }
    }
}

extension BristleconeNode {
    /// Lets those settings hold from now on that can change while the node runs, see ``SettingName/change``.
    package func apply(_ settings: NodeSettings) {
        archive.changeLimits(ArchiveOptions(settings))
        threads.scrubber.setRate(settings.scrubRate)
        loop.acknowledgeEarly(settings.relaxedDurability)
    }
}

extension ArchiveOptions {
    /// The archive's form of the settings.
    init(_ settings: NodeSettings) {
        self.init()
        liveBytesMax = Int(clamping: settings.archiveSizeLimit.bytes)
        diskReserveBytes = Int(clamping: settings.diskReserve.bytes)
        budgets = Budgets(sharing: liveBytesMax, shares: settings.shares.byBudget)
        retention = settings.retention.ofArchive
        journalKeep = settings.journalKeep.duration
        republishing = settings.upkeep.ofArchive
        signedPerTargetMax = settings.valuesPerKeyMax
        unsignedPerTargetMax = settings.valuesPerKeyMax
    }
}

extension RetentionSettings {
    /// The archive's form of it.
    var ofArchive: Retention {
        var retention = Retention()
        retention.publishedHere = published.duration
        retention.pinned = pinned.duration
        retention.signed = signed.duration
        retention.unsigned = unsigned.duration
        return retention
    }
}

extension UpkeepSettings {
    /// The archive's form of it.
    var ofArchive: RepublishRule {
        var rule = RepublishRule()
        rule.interval = interval.duration ?? rule.interval
        rule.jitterMax = rule.interval / 6
        rule.lifetime = lifetime.duration ?? rule.lifetime
        rule.servedFor = servedFor.duration ?? rule.servedFor
        return rule
    }
}

extension ShareSettings {
    /// The archive's form of it.
    var byBudget: [Budget: Int] {
        [.served: served, .retained: retained, .history: history, .floors: floors, .evidence: evidence]
    }
}
