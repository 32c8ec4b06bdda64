internal import IPv8

/// Which records the journal says have changed since a moment: also what an import brought, whose records keep the times that
/// they had in the other archive.
struct RecentChanges {
    private var checksums: Set<UInt64> = []
    /// When the first change of the journal was made, if that is after the moment; `nil` if the journal reaches back that far.
    private(set) var reach: Instant?

    init(since moment: Instant, _ transaction: borrowing ReadTransaction) throws(ArchiveError) {
        var first: Instant?
        var checksums: Set<UInt64> = []
        try transaction.forEach(.journal, prefix: []) { (key, value) throws(ArchiveError) in
            guard let change = JournalRecord(value, key: key) else { return true }
            first = first ?? change.at
            // A clock may have been set back, so the changes are not in the order of time.
            if change.at >= moment, !change.isForgotten {
                checksums.insert(RecentChanges.checksum(change.kind.item, Array(change.subject)))
            }
            return true
        }
        self.checksums = checksums
        let isComplete = try transaction.journalStart() <= 1
        if let first, first > moment, !isComplete { reach = first }
    }

    /// Whether a record has changed. Two keys with the same checksum pass for each other, once in 2^64.
    func contains(_ item: DumpItem) -> Bool { checksums.contains(RecentChanges.checksum(item.kind, item.key)) }

    private static func checksum(_ kind: DumpItem.Kind, _ key: [UInt8]) -> UInt64 {
        ([kind.rawValue] + key).withUnsafeBytes { Digest.checksum64($0) }
    }
}
