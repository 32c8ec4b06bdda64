internal import Archive
public import IPv8
internal import Maintenance

/// What the operator decides about what is kept.
extension BristleconeNode {
    /// Keeps all values of a key or a signer, whatever their age and whoever brought them.
    public func pin(_ subject: KeepSubject) async throws(NodeError) -> PinsReport {
        try await commit(.pin(subject.ofArchive))
    }

    /// Keeps them like any others again.
    public func unpin(_ subject: KeepSubject) async throws(NodeError) -> PinsReport {
        try await commit(.unpin(subject.ofArchive))
    }

    /// What is pinned.
    public func pins() async throws(NodeError) -> PinsReport {
        PinsReport(pins: try await pinned(), changed: false, health: try await replicaHealth())
    }

    /// Stands no longer by what was published here under a key: it is kept like anybody's from now on, and stored no more.
    public func withdraw(_ key: Target) async throws(NodeError) -> WithdrawReport {
        let now = loop.moment.now
        let count = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            let held = try archive.records(of: key) + archive.retainedRecords(of: key)
            let published = held.filter { $0.provenance == .publishedHere && !$0.isWithdrawn }
            let outcomes = try archive.commit(published.map { .withdraw(key, $0.entry) }, at: now)
            for case .refused(let refusal) in outcomes { throw .refused(refusal) }
            return outcomes.count { $0 == .done(changed: true) }
        }
        return WithdrawReport(key: key, withdrawnCount: count)
    }

    /// Erases all that is kept of a key or a signer, for good.
    ///
    /// - Parameter block: whether nothing of it is to be taken again.
    public func forget(_ subject: KeepSubject, block: Bool) async throws(NodeError) -> ForgetReport {
        var erasure = Archive.Erasure(of: subject.ofArchive, block: block)
        // In steps, so that neither the end of the node nor what others ask for waits for the last of them.
        while !erasure.isDone {
            let now = loop.moment.now
            erasure = try await threads.housekeeper.run { [erasure] (archive) throws(ArchiveError) in
                var erasure = erasure
                try archive.advance(&erasure, at: now)
                return erasure
            }
        }
        return ForgetReport(subject: subject, erasedRecords: erasure.erasedCount, isBlocked: block)
    }

    private func commit(
        _ change: ArchiveChange
    ) async throws(NodeError) -> PinsReport {
        let now = loop.moment.now
        let changed = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            let outcome = try archive.commit([change], at: now).first
            if case .refused(let refusal)? = outcome { throw .refused(refusal) }
            return outcome == .done(changed: true)
        }
        return PinsReport(pins: try await pinned(), changed: changed, health: try await replicaHealth())
    }

    private func pinned() async throws(NodeError) -> [KeepSubject] {
        try await threads.housekeeper.run { (archive) throws(ArchiveError) in try archive.pins() }
            .map { KeepSubject($0) }
    }

    /// What the archive has counted, and how many bytes each budget holds, under names that begin with `archive.`.
    var archiveCounters: [String: Int] {
        var counters = Dictionary(uniqueKeysWithValues: archive.keepingCounters.map { ("archive.\($0.key)", $0.value) })
        for (budget, bytes) in (try? archive.statistics().bytesByBudget) ?? [:] {
            counters["archive.held_bytes.\(budget.name)"] = bytes
        }
        return counters
    }

    /// Says it where the operator has barred what is to be published.
    func refuseBlocked(_ key: Target, signer: Mid?) throws(NodeError) {
        let subjects = [ArchiveSubject.key(key)] + (signer.map { [.signer($0)] } ?? [])
        guard (try? archive.isBlocked(anyOf: subjects)) == true else { return }
        throw NodeError(Refusal.blocked.description, canRetry: false)
    }

    /// Takes values of a key or a signer again that was barred.
    public func unblock(_ subject: KeepSubject) async throws(NodeError) -> ForgetReport {
        let now = loop.moment.now
        _ = try await threads.housekeeper.run { (archive) throws(ArchiveError) in
            try archive.commit([.unblock(subject.ofArchive)], at: now)
        }
        return ForgetReport(subject: subject, erasedRecords: 0, isBlocked: false)
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
