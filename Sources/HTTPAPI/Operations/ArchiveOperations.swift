package import Bristlecone
internal import HTTPTypes
package import IPv8

/// Which part of a listing is wanted.
package struct PageParameters: Codable, Sendable, Equatable {
    /// The `next` of the last part; none to begin.
    package var cursor: String?
    /// How many items at most.
    package var limit: Int?

    package init(cursor: String? = nil, limit: Int? = nil) { (self.cursor, self.limit) = (cursor, limit) }
}

/// Which values are wanted.
package struct ValuesParameters: Codable, Sendable, Equatable {
    package var cursor: String?
    package var limit: Int?
    /// Whose values alone.
    package var signer: Mid?
    /// What was there at this time, as far as it is still known.
    package var as_of: Instant?

    package init(cursor: String? = nil, limit: Int? = nil) { (self.cursor, self.limit) = (cursor, limit) }
}

/// Which key is wanted, and when.
package struct KeyParameters: Codable, Sendable, Equatable {
    package var key: KeyParameter
    /// What was there at this time, as far as it is still known.
    package var as_of: Instant?

    package init(_ key: Target, asOf moment: Instant? = nil) { (self.key, as_of) = (KeyParameter(key), moment) }
}

/// How many of the largest are wanted.
package struct LargestParameters: Codable, Sendable, Equatable {
    package var limit: Int?
}

/// How many items a part of a listing has if nobody says.
private let pageDefault = 100

/// A limit within bounds.
func checked(_ limit: Int?) throws(NodeError) -> Int {
    let limit = limit ?? pageDefault
    guard (1...BristleconeNode.pageMax).contains(limit) else {
        throw NodeError(.invalidArgument, "limit is \(limit); it can be 1 to \(BristleconeNode.pageMax).")
    }
    return limit
}

extension Operations {
    package static let values = Operation<ValuesParameters, Nothing, Page<ArchivedValueReport>>(
        "values", .get, "/values",
        "The values in the archive in the order of their keys, served or not. A part may be short or empty and more follow."
    ) { api, parameters, _, _ in
        try await api.node.values(
            from: parameters.cursor, limit: try checked(parameters.limit), signer: parameters.signer,
            asOf: parameters.as_of)
    }

    package static let key = Operation<KeyParameters, Nothing, KeyReport>(
        "key", .get, "/values/{key}",
        "All that the archive knows about a key: values, earlier versions, where they came from, pins, and republishing."
    ) { api, parameters, _, _ in try await api.node.report(on: parameters.key.key, asOf: parameters.as_of) }

    package static let evidence = Operation<PageParameters, Nothing, Page<EvidenceReport>>(
        "evidence", .get, "/evidence", "Pairs of values that one signer gave the same version under one key."
    ) { api, parameters, _, _ in
        try await api.node.evidence(from: parameters.cursor, limit: try checked(parameters.limit))
    }

    package static let publishers = Operation<LargestParameters, Nothing, [PublisherReport]>(
        "publishers", .get, "/publishers", "The signers with the most values in the archive.", patience: .seconds(60)
    ) { api, parameters, _, _ in try await api.node.largestPublishers(limit: try checked(parameters.limit)) }

    package static let sources = Operation<LargestParameters, Nothing, [SourceReport]>(
        "sources", .get, "/sources", "The networks whose records take most of each budget of the archive."
    ) { api, parameters, _, _ in try await api.node.largestSources(limit: try checked(parameters.limit)) }

    package static let blocks = Operation<PageParameters, Nothing, Page<KeepSubject>>(
        "blocks", .get, "/blocks", "The keys and signers whose values the node refuses."
    ) { api, parameters, _, _ in
        try await api.node.blocks(from: parameters.cursor, limit: try checked(parameters.limit))
    }
}
