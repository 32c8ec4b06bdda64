internal import IPv8

/// Keeps the versions that were replaced: the first one, the last sixteen, and fewer and fewer in between.
extension StorePass {
    /// Keeps a version that is about to be replaced.
    ///
    /// - Returns: false if the version is protected and the history has no room: then it must not be replaced. Other
    ///   versions without room are dropped and counted.
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
        try note(.versionAdded, historyKey.bytes)
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
        let bytes = key.bytes
        guard try transaction.view.has(.history, bytes) else { return }
        if let filing = try presentFiling(of: bytes, in: .history) { try unfile(filing) }
        try transaction.delete(.history, bytes)
        try note(.versionRemoved, bytes)
    }

    /// Deletes all versions of a signer under a target.
    mutating func removeHistory(of target: Target, _ signer: Mid) throws(ArchiveError) {
        for version in try versions(of: target, signer) {
            try removeVersion(
                HistoryKey(target: target, signer: signer, number: version.number))
        }
    }

    /// Keeps two different values of one signer and version as evidence. The first pair stays.
    ///
    /// Without room there is no evidence: it is no reason to refuse a store.
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
        try note(.evidenceAdded, key.bytes)
        tally("evidence")
    }
}

/// Decides which earlier versions of a value to drop, so that their number is bounded.
///
/// The first version and the last sixteen stay. Of the others, about one stays for each doubling of age: one from a day
/// ago, one from two days ago, one from four.
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
