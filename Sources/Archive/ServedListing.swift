package import IPv8

/// Some of the values that the overlay is served, key by key.
package struct ServedListing: Hashable, Sendable {
    /// In the order of targets; under each target in the order of serving, all or none.
    package var values: [ArchivedValue] = []
    /// The last target that the listing has gone through; `nil` if there are no more.
    package var next: Target?
}

extension Archive {
    /// How many records one listing reads, expired ones with them.
    private static let recordsPerListing = 16_384

    /// The values that the overlay is served, in the order of targets. Damaged records are left out and remembered.
    ///
    /// - Parameters:
    ///   - last: the listing goes on after this target; `nil` to begin.
    ///   - limit: the listing ends with the target that reaches this number of values. It also ends after some thousand
    ///     records, at the end of a target, so it may be short or even empty though there are more.
    package func servedListing(
        after last: Target?, limit: Int, at now: Instant
    ) throws(ArchiveError) -> ServedListing {
        var listing = ServedListing()
        var damaged: [DamagedRecord] = []
        defer { note(damaged) }
        try environment.read { (transaction) throws(ArchiveError) in
            var examined = 0
            var target: Target?
            var values: [ArchivedValue] = []
            // No class has this number, so the walk begins after all values of the target.
            let start = last.map { $0.bytes + [UInt8.max] } ?? []
            try transaction.forEach(.entries, prefix: [], after: start) { (bytes, value) throws(ArchiveError) in
                examined += 1
                guard let key = EntryKey(bytes) else { return true }
                if let ended = target, ended != key.target {
                    listing.values += values.sorted(by: ArchivedValue.isServedFirst)
                    values = []
                    if listing.values.count >= limit || examined > Archive.recordsPerListing {
                        listing.next = ended
                        return false
                    }
                }
                target = key.target
                guard let record = ArchivedRecord(value, key: bytes) else {
                    damaged.append(DamagedRecord(table: Table.entries.name, key: Array(bytes)))
                    return true
                }
                if record.expiresAt > now { values.append(ArchivedValue(key, record)) }
                return true
            }
            listing.values += values.sorted(by: ArchivedValue.isServedFirst)
        }
        return listing
    }
}
