package import Bristlecone
internal import HTTPTypes
package import IPv8

/// Which part of a listing is wanted.
package struct PageParameters: Codable, Sendable, Equatable {
    /// The `next` of the last part; none to begin.
    package var cursor: Cursor?
    /// How many items at most.
    package var limit: Limit?

    package init(cursor: Cursor? = nil, limit: Limit? = nil) { (self.cursor, self.limit) = (cursor, limit) }
}

/// Which values are wanted.
package struct ValuesParameters: Codable, Sendable, Equatable {
    package var cursor: Cursor?
    package var limit: Limit?
    /// Whose values alone.
    package var signer: Mid?
    /// What was there at this time, as far as it is still known.
    package var as_of: Moment?

    package init(cursor: Cursor? = nil, limit: Limit? = nil) { (self.cursor, self.limit) = (cursor, limit) }
}

/// Which key is wanted, and when.
package struct KeyParameters: Codable, Sendable, Equatable {
    package var key: KeyParameter
    /// What was there at this time, as far as it is still known.
    package var as_of: Moment?

    package init(_ key: Target, asOf moment: Instant? = nil) {
        (self.key, as_of) = (KeyParameter(key), moment.map { Moment($0) })
    }
}

/// How many of the largest are wanted.
package struct LargestParameters: Codable, Sendable, Equatable {
    package var limit: Limit?
}

/// Which stretch of the key space is wanted.
package struct DensityParameters: Codable, Sendable, Equatable {
    /// The bits that its keys begin with; all keys by default.
    package var prefix: PrefixParameter?

    package init(prefix: PrefixParameter? = nil) { self.prefix = prefix }
}

extension Operations {
    package static let values = Operation<ValuesParameters, Nothing, Page<ArchivedValueReport>>(
        "values", .get, "/values",
        "The values in the archive in the order of their keys, served or not. A part may be short or empty and more follow."
    ) { api, parameters, _, _ in
        try await api.node.values(
            from: parameters.cursor?.bytes, limit: (parameters.limit ?? .standard).count, signer: parameters.signer,
            asOf: parameters.as_of?.instant)
    }

    package static let key = Operation<KeyParameters, Nothing, KeyReport>(
        "key", .get, "/values/{key}",
        "All that the archive knows about a key: values, earlier versions, where they came from, pins, and republishing."
    ) { api, parameters, _, _ in try await api.node.report(on: parameters.key.key, asOf: parameters.as_of?.instant) }

    package static let evidence = Operation<PageParameters, Nothing, Page<EvidenceReport>>(
        "evidence", .get, "/evidence", "Pairs of values that one signer gave the same version under one key."
    ) { api, parameters, _, _ in
        try await api.node.evidence(from: parameters.cursor?.bytes, limit: (parameters.limit ?? .standard).count)
    }

    package static let publishers = Operation<LargestParameters, Nothing, [PublisherReport]>(
        "publishers", .get, "/publishers", "The signers with the most values in the archive.", patience: .seconds(60)
    ) { api, parameters, _, _ in try await api.node.largestPublishers(limit: (parameters.limit ?? .standard).count) }

    package static let sources = Operation<LargestParameters, Nothing, [SourceReport]>(
        "sources", .get, "/sources", "The networks whose records take most of each budget of the archive."
    ) { api, parameters, _, _ in try await api.node.largestSources(limit: (parameters.limit ?? .standard).count) }

    package static let density = Operation<DensityParameters, Nothing, DensityReport>(
        "density", .get, "/density",
        "How many values lie where in a stretch of the key space. Where there are many, that is estimated."
    ) { api, parameters, _, _ in try await api.node.density(under: parameters.prefix?.text ?? "") }

    package static let scrub = Operation<Nothing, Nothing, ScrubReport>(
        "scrub", .get, "/scrub",
        "What the scrub has read and found, which reads all records again in the background. archive.scrub_rate is its speed."
    ) { api, _, _, _ in api.node.scrub }

    package static let runScrub = Operation<Nothing, Nothing, ScrubReport>(
        "run_scrub", .post, "/scrub/run", "Begins a run of the scrub now, unless one is under way.", access: .write,
        audit: { _, _, _ in "A run of the scrub was started." }
    ) { api, _, _, _ in
        try await api.node.runTask("scrub")
        return api.node.scrub
    }

    package static let verify = Operation<Nothing, Nothing, ArchiveCheckReport>(
        "verify", .post, "/verify",
        "Checks every page and every record of the archive, signatures and the index too, and repairs nothing.",
        access: .write, patience: .seconds(24 * 3600),
        audit: { _, _, report in
            "Checked the archive: \(report.records) records, "
                + (report.sound ? "nothing is wrong." : "\(report.findingCount) things are wrong.")
        }
    ) { api, _, _, progress in
        try await api.node.verify { table, checked, total in
            progress.report(ProgressReport(step: table, done: checked, total: total, unit: "records"))
        }
    }

    package static let blocks = Operation<PageParameters, Nothing, Page<KeepSubject>>(
        "blocks", .get, "/blocks", "The keys and signers whose values the node refuses."
    ) { api, parameters, _, _ in
        try await api.node.blocks(from: parameters.cursor?.bytes, limit: (parameters.limit ?? .standard).count)
    }
}
