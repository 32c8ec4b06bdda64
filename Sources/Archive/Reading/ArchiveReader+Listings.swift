package import IPv8

/// A part of a listing, and where the next one begins.
package struct ListingPage<Item: Sendable>: Sendable {
    package var items: [Item]
    /// The place to go on from; `nil` if there is nothing more to come.
    package var next: [UInt8]?
}

/// A source of records: the network that they came from, and how much of a budget is charged to it.
package struct SourceShare: Hashable, Sendable {
    /// The address prefix.
    package var source: String
    package var budget: Budget
    package var records: Int
    package var bytes: Int
}

extension ArchiveReader {
    /// How many records one part of a listing looks at; it may then be short, or even empty.
    private static let recordsPerPage = 16384

    /// Values in the order of their keys.
    ///
    /// - Parameters:
    ///   - place: where the last part stopped; `nil` to begin.
    ///   - limit: how many at most.
    package func valuePage(
        _ filter: ValueFilter, from place: [UInt8]?, limit: Int, at now: Instant
    ) throws(ArchiveError) -> ListingPage<ArchivedValue> {
        var walk = ValueWalk(self, filter, at: now, from: place)
        var values: [ArchivedValue] = []
        while !walk.isAtEnd, values.count < limit, walk.examined < ArchiveReader.recordsPerPage {
            values += try walk.next(atMost: limit - values.count)
        }
        return ListingPage(items: values, next: walk.isAtEnd ? nil : walk.place)
    }

    /// Evidence in the order of keys and signers.
    package func evidencePage(after place: [UInt8]?, limit: Int) throws(ArchiveError) -> ListingPage<KnownEvidence> {
        guard environment.has(.evidence) else { return ListingPage(items: [], next: nil) }
        return try environment.read { (transaction) throws(ArchiveError) in
            var page = ListingPage<KnownEvidence>(items: [], next: nil)
            var last: [UInt8]?
            let start = place.map { $0 + [0] } ?? []
            try transaction.forEach(.evidence, prefix: [], from: start) { (key, value) throws(ArchiveError) in
                guard page.items.count < limit else {
                    page.next = last
                    return false
                }
                last = Array(key)
                guard let place = SignerKey(key) else { return true }
                page.items.append(
                    KnownEvidence(target: place.target, signer: place.signer, evidence: Evidence(value, key: key)))
                return true
            }
            return page
        }
    }

    /// What is pinned, or blocked, keys before signers.
    package func subjectPage(
        _ kind: SubjectKind, after place: [UInt8]?, limit: Int
    ) throws(ArchiveError) -> ListingPage<ArchiveSubject> {
        let table: Table = kind == .pinned ? .pins : .blocks
        guard environment.has(table) else { return ListingPage(items: [], next: nil) }
        return try environment.read { (transaction) throws(ArchiveError) in
            var page = ListingPage<ArchiveSubject>(items: [], next: nil)
            var last: [UInt8]?
            let start = place.map { $0 + [0] } ?? []
            try transaction.forEach(table, prefix: [], from: start) { (key, _) throws(ArchiveError) in
                guard page.items.count < limit else {
                    page.next = last
                    return false
                }
                last = Array(key)
                if let subject = ArchiveSubject(key) { page.items.append(subject) }
                return true
            }
            return page
        }
    }

    /// What an operator can say about keys and signers.
    package enum SubjectKind: Sendable {
        case pinned, blocked
    }

    /// The sources that take most of a budget, the largest first.
    package func largestSources(of budget: Budget, limit: Int) throws(ArchiveError) -> [SourceShare] {
        guard environment.has(.ranks), environment.has(.holdings) else { return [] }
        return try environment.read { (transaction) throws(ArchiveError) in
            var accounts: [Account] = []
            try transaction.forEach(.ranks, prefix: [budget.rawValue]) { (key, _) throws(ArchiveError) in
                if let account = AccountKey.readRank(key)?.0 { accounts.append(account) }
                return accounts.count < limit
            }
            var shares: [SourceShare] = []
            for account in accounts {
                let usage = try lend(AccountKey.holding(account)) { (key) throws(ArchiveError) in
                    try transaction.get(.holdings, key).flatMap { Usage($0, key: key) }
                }
                shares.append(
                    SourceShare(
                        source: account.source.description, budget: budget, records: usage?.count ?? 0,
                        bytes: usage?.bytes ?? 0))
            }
            return shares
        }
    }
}

extension ArchiveReader {
    /// Reads an archive that this process writes. Several may be made, and each is to be used for a short time.
    package convenience init(of archive: Archive) throws(ArchiveError) {
        try self.init(sharing: archive.environment, folder: archive.folder)
    }
}
