internal import Archive
package import IPv8
internal import Maintenance
internal import Platform

/// What the archive holds, for people and programs that look into a running node.
///
/// Listings come in parts, each read in short transactions, so they are as fast with ten million values as with ten, and
/// nothing waits for their reader.
extension BristleconeNode {
    /// The node's time of day, which follows the machine's clock.
    package var now: Instant { loop.moment.now }

    /// The largest part of a listing.
    package static let pageMax = 1000

    /// The values in the order of their keys.
    ///
    /// - Parameters:
    ///   - place: what the `next` of the last part stands for; `nil` to begin.
    ///   - signer: whose values alone, if not everybody's.
    ///   - moment: what was there then, as far as it is still known.
    package func values(
        from place: [UInt8]?, limit: Int, signer: Mid? = nil, asOf moment: Instant? = nil
    ) async throws(NodeError) -> Page<ArchivedValueReport> {
        let now = loop.moment.now
        return try await read { (reader) throws(ArchiveError) in
            var filter = ValueFilter()
            filter.signer = signer
            filter.asOf = moment
            let page = try reader.valuePage(filter, from: place, limit: limit, at: now)
            return Page(page) { ArchivedValueReport($0, at: moment ?? now) }
        }
    }

    /// All that is known about a key.
    package func report(on key: Target, asOf moment: Instant? = nil) async throws(NodeError) -> KeyReport {
        let now = loop.moment.now
        return try await read { (reader) throws(ArchiveError) in
            let then = try moment.map { (moment) throws(ArchiveError) in try reader.values(of: key, asOf: moment) }
            return KeyReport(
                key, try reader.facts(about: key), history: try reader.history(of: key), values: then,
                at: moment ?? now)
        }
    }

    package func evidence(from place: [UInt8]?, limit: Int) async throws(NodeError) -> Page<EvidenceReport> {
        return try await read { (reader) throws(ArchiveError) in
            Page(try reader.evidencePage(after: place, limit: limit), EvidenceReport.init)
        }
    }

    package func pins(from place: [UInt8]?, limit: Int) async throws(NodeError) -> Page<KeepSubject> {
        try await subjects(.pinned, place, limit)
    }

    package func blocks(from place: [UInt8]?, limit: Int) async throws(NodeError) -> Page<KeepSubject> {
        try await subjects(.blocked, place, limit)
    }

    /// The signers with the most values, as of the last count if the archive is large.
    package func largestPublishers(limit: Int) async throws(NodeError) -> [PublisherReport] {
        Array(try await counts.publishers.value().prefix(limit))
    }

    /// Whether a text is a prefix of keys: up to ``keyPrefixBitsMax`` bits as `0` and `1`.
    package static func isKeyPrefix(_ text: String) -> Bool { KeyPrefix(text) != nil }

    /// How long a prefix of keys may be.
    package static let keyPrefixBitsMax = KeyPrefix.countMax

    /// How many values lie where under a prefix of keys, as `0` and `1`.
    package func density(under prefix: String) async throws(NodeError) -> DensityReport {
        guard let prefix = KeyPrefix(prefix) else {
            throw NodeError(.invalidArgument, "\(quoted(prefix)) is no prefix of keys: give 0 and 1 only.")
        }
        return try await read { (reader) throws(ArchiveError) in
            DensityReport(prefix, try reader.density(under: prefix))
        }
    }

    /// The networks whose records take most of each budget.
    package func largestSources(limit: Int) async throws(NodeError) -> [SourceReport] {
        try await read { (reader) throws(ArchiveError) in
            var sources: [SourceReport] = []
            for budget in Budget.allCases {
                sources += try reader.largestSources(of: budget, limit: limit).map {
                    SourceReport(source: $0.source, budget: budget.name, records: $0.records, bytes: $0.bytes)
                }
            }
            return sources
        }
    }

    private func subjects(
        _ kind: ArchiveReader.SubjectKind, _ place: [UInt8]?, _ limit: Int
    ) async throws(NodeError) -> Page<KeepSubject> {
        return try await read { (reader) throws(ArchiveError) in
            Page(try reader.subjectPage(kind, after: place, limit: limit)) { KeepSubject($0) }
        }
    }

    /// Reads the archive on a thread of its own.
    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (ArchiveReader) throws(ArchiveError) -> Value
    ) async throws(NodeError) -> Value {
        try await threads.reader.attempt { [archive] () throws(ArchiveError) in
            try body(try ArchiveReader(of: archive))
        }
    }
}

extension Page {
    init<Found>(_ page: ListingPage<Found>, _ report: (Found) -> Item) {
        self.init(items: page.items.map(report), next: page.next.map(Hex.encode))
    }
}
