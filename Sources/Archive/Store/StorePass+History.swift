internal import IPv8

/// Earlier versions: what is replaced is kept, the first version and the last sixteen, fewer and fewer in between.
extension StorePass {
    /// Keeps a version that is about to be replaced.
    ///
    /// - Returns: false where it is protected and the history has no room for it, so that it must not be replaced. Any
    ///   other version that finds no room is let go, and counted.
    mutating func keepVersion(_ entry: KeptEntry, of key: EntryKey) throws(ArchiveError) -> Bool {
        guard key.entryClass != .unsigned else { return true }
        let source = try source(of: entry.facts, under: key)
        let charge = HistoryRecord.charge(entryBytes: entry.bytes.count)
        guard try makeRoom(for: charge, in: .history) else {
            guard source != .theOperator else { return false }
            tally("evicted.history")
            return true
        }
        let before = try versions(of: key.target, key.signer)
        let historyKey = HistoryKey(
            target: key.target, signer: key.signer, number: (before.last?.number ?? 0) &+ 1)
        encoder.encodeHistory(historyKey, entry: entry.bytes, entry.facts, replacedAt: now)
        try transaction.put(.history, &encoder)
        try file(
            Filing(
                budget: .history, source: source, since: entry.facts.firstSeen, key: historyKey.bytes, charge: charge))
        let times = before.map(\.firstSeen) + [entry.facts.firstSeen]
        for place in HistoryThinning.excess(times, clockIsSteady: clockIsSteady) where place < before.count {
            try removeVersion(
                HistoryKey(target: key.target, signer: key.signer, number: before[place].number))
        }
        return true
    }

    /// Numbers and times of a signer's earlier versions under a target, as they came; damaged ones too.
    func versions(of target: Target, _ signer: Mid) throws(ArchiveError) -> [(number: UInt64, firstSeen: Instant)] {
        var versions: [(number: UInt64, firstSeen: Instant)] = []
        let prefix = SignerKey(target: target, signer: signer).bytes
        try transaction.view.forEach(.history, prefix: prefix) { (key, value) throws(ArchiveError) in
            guard let key = HistoryKey(key) else { return true }
            let firstSeen = HistoryRecord(unchecked: value)?.record.firstSeen ?? now
            versions.append((key.number, firstSeen))
            return true
        }
        return versions
    }

    /// Deletes one version.
    mutating func removeVersion(_ key: HistoryKey) throws(ArchiveError) {
        if let filing = try presentFiling(of: key.bytes, in: .history) {
            try unfile(filing)
        }
        try transaction.delete(.history, key.bytes)
    }

    /// Deletes all versions of a signer under a target.
    mutating func removeHistory(of target: Target, _ signer: Mid) throws(ArchiveError) {
        for version in try versions(of: target, signer) {
            try removeVersion(
                HistoryKey(target: target, signer: signer, number: version.number))
        }
    }

    /// Keeps a pair of values that have one signer and one version and differ; the first pair stays.
    ///
    /// Evidence is no reason to refuse anything: where there is no room for it, there is none.
    mutating func keepEvidence(
        _ held: KeptEntry, against offer: Offer, displacing displaces: Bool
    ) throws(ArchiveError) {
        guard offer.key.entryClass != .unsigned, room == .ample else { return }
        let key = SignerKey(target: offer.key.target, signer: offer.key.signer)
        guard try !transaction.view.has(.evidence, key.bytes) else { return }
        let pinned = try isPinned(key.target, key.signer)
        let evidence = EvidenceRecord(
            version: offer.version, noted: now, source: Source(offer.store.provenance), held: held.bytes,
            offered: offer.entry.bytes)
        let hasRoom =
            try displaces
            ? makeRoom(for: evidence.charge, in: .evidence)
            : refusalToAdd(evidence.charge, to: .evidence) == nil
        guard hasRoom else {
            return tally("evicted.evidence")
        }
        encoder.encode(evidence, under: key)
        try transaction.put(.evidence, &encoder)
        try file(
            Filing(
                budget: .evidence, source: pinned ? .theOperator : evidence.source, since: now, key: key.bytes,
                charge: evidence.charge))
        tally("evidence")
    }
}

/// Which earlier versions of a value are given up, so that there is a bounded number of them however many come.
///
/// The first one stays, and the last sixteen. Between them a version goes when those beside it, which stay, are not
/// further apart than a doubling of age: so there is one from about a day ago, one from two days ago, one from four.
/// Ages are counted back from the newest version in the list, in whole seconds.
enum HistoryThinning {
    /// How many of the newest are all kept.
    static let newestKept = 16
    /// While the clock cannot be relied on, nothing goes before there are this many.
    static let countMaxWithoutClock = 128

    /// The places in the list that are given up.
    ///
    /// - Parameters:
    ///   - times: when each version came, in the order in which they came.
    ///   - clockIsSteady: whether the newest times can be relied on.
    static func excess(_ times: [Instant], clockIsSteady: Bool) -> [Int] {
        guard times.count > newestKept + 2, clockIsSteady || times.count > countMaxWithoutClock,
            let newest = times.max()
        else { return [] }
        let ages = times.map { max(1, newest.seconds - $0.seconds) }
        var excess: [Int] = []
        var ageBefore = ages[0]
        for place in 1..<times.count - newestKept {
            if ageBefore <= 2 * ages[place + 1] {
                excess.append(place)
            } else {
                ageBefore = ages[place]
            }
        }
        return excess
    }
}
